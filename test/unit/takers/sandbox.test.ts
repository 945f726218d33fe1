import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { sandboxTaker } from '../../../agent/takers/sandbox.ts';

const signal = new AbortController().signal;
const outcome = { consistency: 'application' };

function images(t: { teardown(last: () => void): unknown }) {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const made = ['ext4', 'xfs'].map((type) => ({ image: join(folder, type), copy: join(folder, `${type}.copy`) }));
  for (const { image } of made) writeFileSync(image, 'before');
  return { folder, images: made };
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

t.test('takes what is there at the take, not at the preparation', async (t) => {
  const sandbox = images(t);
  const before = openFiles();
  const taker = sandboxTaker(sandbox);
  await taker.prepare(signal);
  for (const { image } of sandbox.images) writeFileSync(image, 'frozen');
  t.strictSame(await taker.take(signal, { faults: [] }), { snapshot: sandbox.folder });
  await taker.finish(outcome, signal);
  for (const { copy } of sandbox.images) t.equal(readFileSync(copy, 'utf8'), 'frozen');
  t.equal(openFiles(), before);
});

t.test('finish is safe again, without a preparation, and after one that failed', async (t) => {
  const sandbox = images(t);
  const before = openFiles();
  const taker = sandboxTaker({ ...sandbox, images: [...sandbox.images, { image: '/nowhere', copy: '/nowhere/copy' }] });
  await t.rejects(taker.prepare(signal), { code: 'ENOENT' });
  await t.rejects(taker.take(signal, { faults: [] }), { message: /not prepared/ });
  await taker.finish(outcome, signal);
  await taker.finish(outcome, signal);
  await sandboxTaker(sandbox).finish(outcome, signal);
  t.equal(openFiles(), before);
});

t.test('a preparation that was given up opens nothing after the finish', async (t) => {
  const sandbox = images(t);
  const before = openFiles();
  const taker = sandboxTaker(sandbox);
  const late = taker.prepare(signal);
  await taker.finish(outcome, signal);
  await late.catch(() => undefined);
  t.equal(openFiles(), before);
});

t.test('an abort ends the take', async (t) => {
  const taker = sandboxTaker(images(t));
  await taker.prepare(signal);
  await t.rejects(taker.take(AbortSignal.abort(new Error('thawed')), { faults: [] }), { message: 'thawed' });
  await taker.finish(outcome, signal);
});
