/**
 * The package on other releases of Debian: installed, asked, removed. The newest that is stable; with
 * QUIESCED_LONG=1 also the oldest that is promised, and those that are yet to come. Those of Ubuntu are on another mirror, and are not tried here.
 */
import { versionOf } from '../../packaging/repository.ts';
import { packageTest } from '../packages/machine.ts';
import { RELEASES } from '../packages/recipes.ts';

/** Folders of systemd's and dpkg's own, which others use too. */
const MADE_FOR_ALL = /^\.\/(etc\/systemd\/system|var\/lib\/systemd)(\/|$)/;

for (const recipe of RELEASES) {
  packageTest(
    `Debian ${recipe.suite}`,
    async (t, machine) => {
      const before = new Set(machine.everything());
      t.equal(machine.run('dpkg -i /srv/quiesced.deb').code, 0, 'dpkg -i');
      t.match(machine.run('quiesced --version'), { code: 0, stdout: `quiesced ${versionOf()} (node v24` });
      t.match(machine.run('quiesced --health'), { code: 3, stdout: /^UNKNOWN: / }, 'nobody has looked yet');
      const checked = machine.run('quiesced check --json');
      const report = JSON.parse(checked.stdout);
      t.equal(checked.code, report.exitCode);
      const broken = report.findings.filter(({ verdict }: { verdict: string }) => verdict === 'error');
      t.strictSame(broken, [], 'no check broke');
      t.match(machine.run('quiesced thaw'), { code: 0, stdout: 'Nothing of ours is frozen.\n' }, 'koffi loads');
      t.equal(machine.run('dpkg -P quiesced').code, 0);
      const left = machine.everything().filter((path) => !before.has(path) && !MADE_FOR_ALL.test(path));
      t.strictSame(left, [], 'purged, nothing is left');
    },
    recipe,
  );
}
