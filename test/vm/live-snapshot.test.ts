/**
 * The host takes a snapshot of all disks while a hold lasts and everybody writes. The copy is started with a program of
 * the test as its init: the root file system needs no journal recovery, and every file is as it was at the freeze.
 */
import { COPY_DONE, runCopy, snapshotDisks } from './lab/copy.ts';
import { untilThawed } from './lab/frozen.ts';
import { MOUNTS } from './lab/recipe.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { configure, hold } from './lab/service.ts';

/**
 * Appends numbers to a file on a file system; each is on disk before it is acknowledged, in a tmpfs. No shell, which
 * would have to start two programs for each: under emulation nobody else would get anywhere.
 */
const APPEND = `import os, sys, time
record = os.open(sys.argv[1] + '/record', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
acknowledged = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT)
number = 0
while True:
    number += 1
    os.write(record, b'%d\\n' % number)
    os.fdatasync(record)
    os.pwrite(acknowledged, b'%9d\\n' % number, 0)
    time.sleep(0.2)
`;
const ACKNOWLEDGED = MOUNTS.map((_, at) => `/lab/acknowledged-${at}`);

/** Without udev and systemd: what the copy is worth is to be seen, not how it boots. */
const VERIFY = `#!/bin/sh
exec >/dev/console 2>&1
mount -t proc proc /proc; mount -t sysfs sysfs /sys
modprobe -a xfs btrfs dm-mod
vgchange -ay --config 'activation { udev_sync = 0 udev_rules = 0 }' lab >/dev/null
mount LABEL=xfs /data/xfs; mount LABEL=btrfs /data/btrfs; mount /dev/mapper/lab-data /data/lvm
for at in ${MOUNTS.join(' ')}; do
  mountpoint -q "$at" && echo "RECORD $at last=$(tail -n 1 "$at/record") lines=$(wc -l <"$at/record") torn=$(grep -cv '^[0-9][0-9]*$' "$at/record")"
done
dmesg | grep -iE 'recover|orphan|corrupt|error' | sed 's/^/KERNEL /'
echo ${COPY_DONE}
sync; echo o >/proc/sysrq-trigger; sleep 60
`;

vmTest('a live snapshot of a machine that is held', 'ready', async (t, machine, state) => {
  await configure(machine);
  await machine.put('/opt/lab/append.py', APPEND);
  await machine.put('/opt/lab/verify', VERIFY, '0755');
  for (const [at, mountPoint] of MOUNTS.entries()) {
    const argv = `python3 /opt/lab/append.py ${mountPoint} ${ACKNOWLEDGED[at]}`;
    await machine.must(`systemd-run -q --unit=append-${at} ${argv}`);
  }
  await machine.must(`until cat ${ACKNOWLEDGED.join(' ')}; do sleep 1; done`);

  const scenario = {
    scenario: 'live snapshot while held',
    measured: 'from hold to release',
    atMost: { short: 1, full: 5 },
  };
  await rounds(t, machine, scenario, async (t, round) => {
    const begunMs = Date.now();
    await hold(machine);
    const copies = await snapshotDisks(machine, `${round}`);
    const acknowledged = (await machine.must(`cat ${ACKNOWLEDGED.join(' ')}`)).split('\n').map(Number);
    const release = await machine.run('quiesced release --json');
    const tookMs = Date.now() - begunMs;
    t.equal(release.code, 0, `held throughout: ${release.output}`);
    t.strictSame(await untilThawed(machine), [], 'and all goes on');

    const said = await runCopy(state, copies, '/opt/lab/verify');
    t.notMatch(said, /KERNEL .*EXT4-fs.*(recover|orphan)/i, 'ext4 needs no recovery');
    t.notMatch(said, /KERNEL .*(corrupt|I\/O error)/i, 'and nothing is damaged');
    for (const [at, mountPoint] of MOUNTS.entries()) {
      const [, last, lines, torn] =
        new RegExp(`RECORD ${mountPoint} last=(\\d+) lines=(\\d+) torn=(\\d+)`).exec(said) ?? [];
      const known = acknowledged[at] ?? Number.NaN;
      t.ok(
        Number(last) >= known,
        `${mountPoint}: everything acknowledged before the freeze is there (${last} of ${known})`,
      );
      t.ok(Number(last) <= known + 1, `${mountPoint}: and nothing that began after it`);
      t.strictSame([lines, torn], [last, '0'], `${mountPoint}: whole`);
    }
    return tookMs;
  });
});
