/** Found by fuzzing: texts that a reader took minutes for, and JSON of which it expected something else. */
import t from 'tap';
import { hasOption245, parseKeyfile } from '../../../agent/checks/network-configs.ts';
import { parseNft } from '../../../agent/checks/network-nft.ts';
import { globalOption } from '../../../agent/checks/restore-facts.ts';
import { hasKeys } from '../../../agent/checks/storage-shared.ts';
import { endOf } from '../../../agent/checks/vm-agent-certs.ts';
import { statusOf } from '../../../agent/checks/vm-agent-extension.ts';
import { spanMs } from '../../../agent/checks/vm-agent-quota.ts';
import { oddities, parseVmbackupConf } from '../../../agent/checks/vmbackup-conf.ts';
import { parseWaagentVersion } from '../../../agent/checks/waagent-version.ts';
import { waitsForThaw } from '../../../agent/checks/waiting-tasks.ts';
import { shebang } from '../../../agent/scripts/runnable.ts';
import { imdsOf } from '../../../agent/system/imds.ts';
import { PEM } from './agent-files.ts';

const LONG = 150_000;

/** Each took the square of the length at least. */
const SLOW: Readonly<Record<string, () => unknown>> = {
  'a lease of blank lines': () => hasOption245('\r'.repeat(LONG)),
  'an answer of blank lines': () => parseWaagentVersion('\r'.repeat(LONG)),
  'a span of digits': () => spanMs('1'.repeat(LONG)),
  'keys of digits': () => hasKeys('1'.repeat(LONG)),
  'a stack of dots': () => waitsForThaw('', `[<0>] ${'.'.repeat(LONG)}`),
  'a section of brackets': () => parseKeyfile(`[${']'.repeat(LONG)}\u2028`),
  'a section of samba of brackets': () => globalOption(`[${']'.repeat(LONG)}\u2028`, 'x'),
  'a first line that goes on': () => shebang(`#!/bin/sh${'x'.repeat(LONG)} \r`),
};

for (const [name, read] of Object.entries(SLOW)) {
  t.test(`${name} is read at once`, async (t) => {
    const beganMs = performance.now();
    read();
    t.ok(performance.now() - beganMs < 5000);
  });
}

t.test('what is still understood', async (t) => {
  t.ok(hasOption245('lease {\n\t option unknown-245 a8:3f;\n'));
  t.match(parseWaagentVersion('  WALinuxAgent-2.7.3.0 on x\n\tPython: 3.11.2\n'), {
    daemon: '2.7.3.0',
    python: '3.11.2',
  });
  t.equal(spanMs('1min 2.5s 3ms'), 62_503);
  t.ok(hasKeys('PR generation=0x2, 12 registered reservation keys follow:'));
  t.ok(waitsForThaw('', '[<0>] percpu_rwsem_wait.isra.0+0x119/0x140\n[<0>] vfs_write.part.0+0x2a/0x3d0\n'));
});

/** No primitive value comes of it. */
const OBJECT = { toString: null };

t.test('JSON that says something else in a place', async (t) => {
  const named = [{ table: { family: OBJECT, name: 'f', flags: [OBJECT] } }, { chain: { family: 'ip', table: OBJECT } }];
  t.strictSame(
    parseNft(JSON.stringify({ nftables: [...named, { rule: { family: 'ip', expr: [{ jump: { target: OBJECT } }] } }] }))
      ?.length,
    1,
  );
  t.equal(statusOf(JSON.stringify([{ status: { code: OBJECT } }])), undefined);
  t.match(statusOf(JSON.stringify([{ status: { code: '1', formattedMessage: { message: OBJECT } } }])), {
    code: 1,
    message: '',
  });
  const storageProfile = { dataDisks: [{ lun: '0', writeAcceleratorEnabled: OBJECT }] };
  t.match(imdsOf({ compute: { storageProfile } }).disks, [{ lun: 0, writeAccelerator: false }]);
  t.ok(imdsOf({ compute: { securityProfile: { encryptionAtHost: true } } }).encryptionAtHost);
});

t.test('a section that every object has is one that nobody reads', async (t) => {
  t.strictSame(oddities(parseVmbackupConf('[constructor]\na: b\n'), []), ['nobody reads section [constructor]']);
});

t.test('a certificate whose end is no time is none', async (t) => {
  const der = Buffer.from(PEM.replaceAll(/-----[^-]+-----|Bag[^\n]*/g, ''), 'base64');
  const at = der.indexOf('20561113');
  t.not(at, -1, 'the end is written as text');
  der.write('xxxxxxxx', at);
  t.equal(endOf(`-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`), undefined);
});
