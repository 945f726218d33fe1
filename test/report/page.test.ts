/** The page of `quiesced report --html`, in a browser: how it fits, what it would load or run, whether everybody can read it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { renderPage } from '../../agent/cli/page/page.ts';
import { type Browser, objections, openBrowser, whyNoBrowser } from './browser.ts';
import { SCENES } from './scenes.ts';

const SIZES = { phone: { width: 360, height: 780 }, desktop: { width: 1280, height: 900 } } as const;
const SCHEMES = ['light', 'dark'] as const;
/** Seconds each: contrast is the scheme's, order and targets are the size's. */
const READ: readonly string[] = ['phone light', 'desktop dark'];
/** Kept for somebody to look at, where this names a folder. */
const SHOTS = process.env.QUIESCED_SHOTS;

const why = whyNoBrowser();
if (why !== false && process.env.CI !== undefined) t.fail(why);
else t.test('pages in a browser', { skip: why }, inBrowser);

async function inBrowser(t: Test): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-report-'));
  const browser = await openBrowser();
  t.teardown(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  for (const [name, make] of Object.entries(SCENES)) {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, renderPage(await make()));
    for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
      for (const scheme of SCHEMES) {
        await t.test(`${name}, ${size}, ${scheme}`, (t) => look(t, browser, { file, name, size, scheme }));
      }
    }
  }
  await t.test('on paper no check is folded away', (t) => print(t, browser, join(folder, 'healthy.html')));
}

interface Look {
  readonly file: string;
  readonly name: string;
  readonly size: keyof typeof SIZES;
  readonly scheme: (typeof SCHEMES)[number];
}

async function look(t: Test, { page }: Browser, { file, name, size, scheme }: Look): Promise<void> {
  const said: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('dialog', (dialog) => said.push(dialog.message()));
  page.on('request', (request) => asked.push(request.url()));
  const url = pathToFileURL(file).href;
  try {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(url);
    if (SHOTS !== undefined) {
      await page.screenshot({ path: join(SHOTS, `${name}-${size}-${scheme}.png`), fullPage: true });
    }
    t.strictSame(asked, [url], 'it loads nothing but itself');
    t.strictSame(said, [], 'and says nothing to the console');
    t.strictSame(
      await page.evaluate(FOUND),
      { scripts: 0, images: 0, handlers: 0, ids: [], dead: [] },
      'only text came in',
    );
    t.ok(await page.evaluate(FITS), 'nothing is wider than the window');
    // An enemy's name may be as long as he likes.
    if (name !== 'hostile') t.ok(await page.evaluate(SEEN), 'verdict and first step are seen without scrolling');
    else t.match(await page.title(), /^<\/title><\/style><script>/, 'a name is shown as it is');
    await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
    t.ok(await page.evaluate(FITS), 'nor is anything too wide when all is opened');
    if (READ.includes(`${size} ${scheme}`)) t.strictSame(await objections(page), [], 'axe-core has no objection');
  } finally {
    page.removeAllListeners();
  }
}

/** What must not be there: names that stand twice, links within the page that lead nowhere. */
const FOUND = `({
  scripts: document.querySelectorAll('script, iframe, object, embed, base, form').length,
  images: document.querySelectorAll('img, link, [src], [href]:not([href^="#"])').length,
  handlers: [...document.querySelectorAll('*')].filter((each) => [...each.attributes].some(({ name }) => /^on|^style$/.test(name))).length,
  ids: [...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at),
  dead: [...document.querySelectorAll('a')].map((a) => a.getAttribute('href').slice(1)).filter((id) => document.getElementById(id) === null),
})`;
const FITS = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth';
const SEEN = `['h1', '.first h2'].every((each) => {
  const found = document.querySelector(each);
  return found === null || found.getBoundingClientRect().bottom <= innerHeight;
})`;

async function print(t: Test, { page }: Browser, file: string): Promise<void> {
  await page.emulateMedia({ media: 'print' });
  await page.goto(pathToFileURL(file).href);
  const folded = await page.evaluate(
    "[...document.querySelectorAll('.group li')].filter((each) => !each.checkVisibility({ contentVisibilityAuto: true })).length",
  );
  t.equal(folded, 0, 'what passed is listed too');
  t.ok((await page.pdf()).length > 10_000);
  t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', 'on white');
}
