import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../packaging/build.ts';
import { askedOfSystemd, pretendSystemd } from './fake-systemd.ts';
import { packageTest } from './machine.ts';

packageTest('without a package: installed by its own hand, and taken out without a trace', async (t, machine) => {
  pretendSystemd(machine);
  const folder = join(machine.root, 'opt/my programs');
  await bundle(folder);
  cpSync(process.execPath, join(folder, 'node'));
  mkdirSync(join(machine.root, 'var/log'), { recursive: true });
  machine.put('/var/log/systemctl.log', '');
  const quiesced = (line: string) => machine.run(`'/opt/my programs/node' '/opt/my programs/quiesced.mjs' ${line}`);
  const before = new Set(machine.everything());

  const shown = quiesced('service install --dry-run');
  t.match(shown, { code: 0, stdout: /^Would be done:\n/ }, 'shown first', shown);
  t.strictSame(machine.everything(), [...before], 'which changes nothing');
  t.match(quiesced('service install'), { code: 0, stdout: /^Done:\n/ });
  t.strictSame(askedOfSystemd(machine), ['enable --now quiesced.service']);
  t.match(quiesced('service install'), { code: 0, stdout: /^Nothing to do/ });
  const verified = machine.run('systemd-analyze verify --man=no /etc/systemd/system/quiesced.*');
  t.strictSame(
    verified,
    { code: 0, stdout: '', stderr: '' },
    'systemd understands its units, blank in the path and all',
  );
  t.match(quiesced('service status').stdout, /^Installed: +by quiesced service install\nWay: +stays in memory/);

  t.equal(quiesced('service uninstall').code, 0);
  t.match(askedOfSystemd(machine)[0], /^disable --now .*quiesced\.service/);
  const left = machine.everything().filter((path) => !before.has(path) && !path.startsWith('./run/systemd/'));
  t.strictSame(left, ['./run/quiesced', './run/quiesced/control', './run/quiesced/journal'], 'which a reboot takes');
});
