/** Faults that the kernel itself shows, and the real program: each is found by its check, and by no other. */
import { silent } from '../unit/checks/loopback.ts';
import { loopTest } from './loop.ts';
import { changes, inNamespace } from './planted-rig.ts';

const ONLY = 'os.fapolicyd,os.docker,fs.*,vol.*,disk.temp,enc.luks-custom,other.freezers';

/** What hangs here hangs for ever, and whoever asks gives up after 9 s: all at the same time, or it would take far longer. */
const PATIENCE_MS = 25_000;

/** A file system with hardly an inode. */
const SMALL = `
mkdir small
truncate -s 8M image
mkfs.ext4 -q -N 16 image
mount -o loop image small
`;
const server = (program: string) =>
  `python3 "$HERE/planted-${program}" "$FOLDER/place" "$FOLDER/ready" & server=$!; ready ready`;
const STOPPED = 'kill -9 $server; rm ready';

const FAULTS: readonly (readonly [name: string, plant: string, lift: string, found: RegExp])[] = [
  [
    'noexec',
    'mount -o remount,bind,noexec /var',
    'mount -o remount,bind,exec /var',
    /^fs\.noexec fail: \/var is mounted noexec/,
  ],
  [
    'inodes',
    'while touch "small/$(date +%N)" 2>/dev/null; do :; done',
    'rm -f small/[0-9]*',
    /^fs\.inodes warn: inodes in use: \S+\/small 100 %/,
  ],
  [
    'space',
    'dd if=/dev/zero of=small/all bs=64k 2>/dev/null || true',
    'rm small/all',
    /^fs\.space warn: \S+\/small 100 % full/,
  ],
  [
    'gate',
    `mount -t tmpfs planted place; ${server('gate.py')}`,
    `${STOPPED}; umount place`,
    /^os\.fapolicyd warn: planted-gate may block/,
  ],
  ['trigger', server('trigger.py'), `${STOPPED}; umount -l place`, /^fs\.autofs info: \S+\/place: automount triggers/],
  [
    'dead server',
    server('mount.py'),
    `${STOPPED}; umount -l place`,
    /^fs\.network warn: no answer within 2 s from \S+\/place: programs/,
  ],
];

loopTest('faults of the kernel, one after the other', async (t, rig) => {
  const steps = FAULTS.map(([name, plant, lift]) => `${plant}\ncheck '${name}' $CHECK\n${lift}\n`);
  const run = await inNamespace(rig, `${SMALL}\ncheck before $CHECK\n${steps.join('')}check after $CHECK`, ONLY);
  for (const [name, , , found] of FAULTS) {
    const told = changes(run('before'), run(name));
    t.equal(told.length, 1, `${name}: ${told.join('\n')}`);
    t.match(told[0], found);
    t.ok(run(name).tookMs < PATIENCE_MS, `the process ended after ${run(name).tookMs} ms`);
  }
  t.strictSame(changes(run('before'), run('after')), [], 'and all of it is well again');
});

/** A child keeps its output open after it was killed. */
const HANGING = `
mkdir -p root/run/systemd/system
printf '#!/bin/sh\\nsleep 600 &\\nexec sleep 600\\n' >hanging
chmod 755 hanging
mount --bind hanging "$(readlink -f /usr/bin/systemctl)"
`;

loopTest('a server, systemctl and the host, none of which ever answers', async (t, rig) => {
  const host = await silent();
  t.teardown(() => host.stop());
  const checks = `check cli $CHECK & cli=$!\ncheck host "$HERE/planted-hung.ts" ${host.port} & wait $cli $!`;
  const run = await inNamespace(rig, `${HANGING}\n${server('mount.py')}\n${checks}`);
  for (const name of ['cli', 'host']) {
    const { report, tookMs } = run(name);
    const errors = report.findings.filter(({ verdict }) => verdict === 'error');
    t.strictSame(errors, [], `${name}: each check says what it could find out`);
    t.ok(report.durationMs < PATIENCE_MS, `${name}: all of it took ${report.durationMs} ms`);
    const besides = tookMs - report.durationMs;
    t.ok(besides < PATIENCE_MS, `${name}: its process took ${besides} ms more to start and to end`);
  }
  const verdicts = run('host').report.findings.map(({ id, verdict }) => [id, verdict]);
  t.match(
    Object.fromEntries(verdicts),
    { 'fs.network': 'warn', 'net.imds': 'warn', 'net.wireserver80': 'fail', 'net.hostga32526': 'fail' },
    'and each is told',
  );
});
