import t from 'tap';
import { html, type Markup } from '../../../agent/cli/page/html.ts';
import { renderPage } from '../../../agent/cli/page/page.ts';
import { durationOf, momentOf } from '../../../agent/cli/page/words.ts';
import { assert, property, string } from '../../fast-check.ts';
import { HOSTILE, SCENES } from '../../report/scenes.ts';

t.test('whatever is put into a template is text', async (t) => {
  t.equal(
    `${html`<p title="${`"><script>'&`}">${'<b>'}</p>`}`,
    '<p title="&#34;&#62;&#60;script&#62;&#39;&#38;">&#60;b&#62;</p>',
  );
  t.equal(`${html`${[html`<i>${1}</i>`, undefined, ['<', html`<br>`]]}`}`, '<i>1</i>&#60;<br>');
  t.equal(`${html`${'a\tb\r\nc\u202ed\u0007'}`}`, 'a b c\\u202ed\\u0007', 'nothing turns the text around');
  const forged = { toString: () => '<script>', text: '<script>', markup: '<script>' } as unknown as Markup;
  t.notMatch(`${html`${forged}`}`, /<script/, 'nor does anything pass for markup that a value of JSON could be');
  assert(property(string({ unit: 'binary' }), (text) => !/[<>"'\u202e]/.test(`${html`${text}`}`)));
});

t.test('no text of a machine becomes markup', async (t) => {
  const page = renderPage(await (SCENES.hostile as NonNullable<typeof SCENES.hostile>)());
  t.ok(page.includes('&#60;script&#62;'), 'the enemy was there');
  t.notOk(page.includes(HOSTILE) || /<(script|img|iframe|object|link|base|form)\b/i.test(page));
  t.notOk(/\s(on\w+|style|src)=["']/i.test(page), 'and no attribute');
  t.ok(page.includes('default-src &#39;none&#39;; style-src &#39;sha256-'), 'and nothing could run or load');
});

t.test('every page is whole, whatever is missing', async (t) => {
  for (const [name, make] of Object.entries(SCENES)) {
    const page = renderPage(await make());
    t.equal(
      page.match(/<(section|article|details|table|svg|ul|ol|dl|nav|figure)\b/g)?.length,
      page.match(/<\/(section|article|details|table|svg|ul|ol|dl|nav|figure)>/g)?.length,
      name,
    );
    t.notOk(/undefined|NaN|\[object/.test(page), name);
  }
});

t.test('three hundred file systems do not make a long page', async (t) => {
  const page = renderPage(await (SCENES.large as NonNullable<typeof SCENES.large>)());
  t.ok(page.includes('and 288 others, each shorter'));
});

t.test('times and durations', async (t) => {
  t.equal(
    `${momentOf('2026-11-03T02:07:09.123Z')}`,
    '<time datetime="2026-11-03T02:07:09.123Z">3 Nov 2026, 02:07 UTC</time>',
  );
  t.equal(`${momentOf('<soon>')}`, '&#60;soon&#62;');
  t.strictSame([0.42, 212.4, 999.6, 5096, 185_000].map(durationOf), [
    '0.4 ms',
    '212 ms',
    '1.0 s',
    '5.1 s',
    '3 min 5 s',
  ]);
});
