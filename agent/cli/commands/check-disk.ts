import { readiness } from '../../checks/report.ts';
import { usageError } from '../../errors.ts';
import type { Examination } from '../../readiness/examine.ts';
import { diskSystem } from '../../system/disk.ts';
import { chosenChecks } from '../choose-checks.ts';
import type { CommandContext } from '../context.ts';
import { renderDisk } from '../render-disk.ts';
import type { Format } from '../table.ts';

/**
 * `check --root FOLDER`: whether the system on a mounted disk would start on Azure and be reached there. Judges it as the
 * running machine would judge itself when it is asked for the group `restore`; leaves nothing behind.
 */
export async function checkDisk(context: CommandContext, root: string, format: Format): Promise<number> {
  const { given, print, width, colour, system } = context;
  if (format !== 'text' && format !== 'json')
    throw usageError(`--root and --format ${format} exclude each other`, 'check');
  const disk = await diskSystem(root, system);
  const values = new Map(given.values);
  if (!values.has('group') && !values.has('only')) values.set('group', ['restore']);
  const { checks } = chosenChecks(values, 'linux');
  const report = await readiness(disk, { checks, restoringTo: 'azure' });
  const examination: Examination = {
    ...report,
    expected: { consistency: 'unknown', reason: 'this system does not run' },
  };
  const verbose = given.switches.has('verbose');
  if (format === 'json') print(`${JSON.stringify(examination, undefined, 2)}\n`);
  else print(renderDisk(disk.root, examination, { width, colour, verbose }));
  return examination.exitCode;
}
