/** The checks, and the readers below them, on win32: Wine's. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WINE, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

/** What Wine has not, or only as a stub that always succeeds: no good word may come of it. */
const NOT_IN_WINE: readonly string[] = [
  ...['vss.writers', 'vss.writers-missing', 'vss.shadowstorage', 'vss.events', 'vss.providers', 'win.bcd'],
  ...['vol.s2d', 'vol.storage-replica', 'vss.io-pressure', 'vss.fallback', 'os.clock', 'win.chkdsk', 'win.firewall'],
];

t.test('on win32', { skip, timeout: 280_000 }, async (t) => {
  const machine = await wineMachine(t);
  // biome-ignore lint/suspicious/noExplicitAny: looked into by matching
  const said = (await machine.run(join(import.meta.dirname, 'checks-program.ts'))) as any;
  if (process.env.QUIESCED_WINE_SAID) writeFileSync(process.env.QUIESCED_WINE_SAID, JSON.stringify(said, null, 1));
  t.notOk(said.error, said.error);
  t.strictSame(
    said.agents,
    {
      good: ['2.7.41491.1095', 'pass'],
      'too old for support': ['2.7.41491.1009', 'warn'],
      'too old for a backup': ['2.6.1198.717', 'fail'],
      none: [null, 'fail'],
      'no resource': [null, 'fail'],
      garbage: [null, 'fail'],
    },
    'the version of the agent, by its program',
  );
  t.strictSame(
    said.services.made,
    { state: 'stopped', start: 'auto', account: 'LocalSystem', program: said.services.command },
    'a service as it was made, by its name in any case',
  );
  t.equal(said.services.missing, null);
  t.strictSame(
    said.registry,
    {
      slashed: { type: 'multi-sz', data: ['one', 'zwölf'] },
      nameless: { type: 'sz', data: 'nameless' },
      names: ['', 'a\\b', 'schön'],
      keys: ['below'],
      none: [[], []],
    },
    'what is in a key',
  );
  t.match(
    said.adapter,
    { dhcp: false, fixed: ['10.0.0.4', '10.0.0.5'], hasGateway: true },
    'the addresses of an adapter',
  );
  t.strictSame(
    said.owed,
    { left: 'fail', atWork: 'info', settled: 'pass' },
    'what is owed, and whether somebody is at work',
  );
  t.equal(said.noDisk, null);
  const verdictOf = (id: string) => said.findings.find((finding: { id: string }) => finding.id === id)?.verdict;
  for (const id of ['os.docker', 'other.freezers', 'app.script-timeout', 'app.db-detect', 'app.db-connect']) {
    t.equal(verdictOf(id), 'pass', `${id}: there is nothing of the kind`);
  }
  t.ok(said.findings.length > 60, `a full report: ${said.findings.length}`);
  for (const { id, verdict, detail } of said.findings as readonly Record<string, string>[]) {
    if (NOT_IN_WINE.includes(id ?? '')) t.ok(['skip', 'error'].includes(verdict ?? ''), `${id} ${verdict}: ${detail}`);
    t.ok(detail !== '', `${id} says why`);
  }
});
