/** What Windows and its programs say of themselves. */
import { programOf } from '../../../agent/checks/windows-agent.ts';
import { parsePeVersion } from '../../../agent/system/pe-version.ts';
import { peFile } from '../../fixtures/pe-file.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

export const windowsTargets: readonly FuzzTarget[] = [
  {
    name: 'pe-version',
    covers: ['system/pe-version.ts parsePeVersion'],
    samples: [peFile('2.7.41491.1095'), peFile(undefined)],
    read(input) {
      const version = parsePeVersion(input);
      mustHold(version === undefined || /^\d+(\.\d+){3}$/.test(version.product), 'a version has four numbers');
    },
  },
  textTarget(
    'service-program',
    ['checks/windows-agent.ts programOf'],
    ['"C:\\Program Files\\x\\a.exe" -s', 'C:\\WindowsAzure\\GuestAgent_2.7\\WaAppAgent.exe'],
    (text) => programOf(text),
  ),
];
