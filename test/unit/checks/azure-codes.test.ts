import t from 'tap';
import { allChecks } from '../../../agent/checks/all.ts';
import { AZURE_CODES, azureCode, explainedBy } from '../../../agent/checks/azure-explained.ts';
import { type Check, pass } from '../../../agent/checks/check.ts';
import { SNAPSHOT_CODES } from '../../../agent/checks/vm-snapshot-codes.ts';
import { assert, boolean, constantFrom, infiniteStream, property, string } from '../../fast-check.ts';
import { find } from './machine.ts';

const names = AZURE_CODES.flatMap(({ codes }) => codes);

/** Groups that are written later; their ids stand in the catalogue, reference/checks.md. */
const LATER = /^(vss\.|enc\.bitlocker$|agent\.(version\.windows|dotnet|services-win)$)/;

t.test('the table', async (t) => {
  t.strictSame(
    names.filter((name, at) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== at),
    [],
    'every code is there once',
  );
  const ids = new Set(allChecks.map(({ id }) => id));
  for (const { codes, meaning, checks, remedy, source } of AZURE_CODES) {
    t.strictSame(
      checks.filter((id) => !ids.has(id) && !LATER.test(id)),
      [],
      `${codes[0]} names checks that exist`,
    );
    t.equal(new Set(checks).size, checks.length, `${codes[0]} names each once`);
    for (const text of [meaning, remedy, source]) t.not(text.trim(), '', codes[0]);
    t.notOk(meaning.endsWith('.'), `${codes[0]}: the meaning goes on`);
  }
});

t.test('every number of the extension is explained', async (t) => {
  for (const number of Object.keys(SNAPSHOT_CODES)) t.ok(azureCode(number), number);
  for (const number of [76, 85, 121, 122, 123, 124, 300, 301, 308, 316, 402, 511, 556, 761]) {
    t.ok(azureCode(String(number)), String(number));
  }
});

t.test('every code of the catalogue', async (t) => {
  for (const name of [
    'UserErrorGuestAgentStatusUnavailable',
    'GuestAgentSnapshotTaskStatusError',
    'ExtensionSnapshotFailedNoNetwork',
    'ExtensionSnapshotFailedNoSecureNetwork',
    'ExtensionFailedTimeoutVMNetworkUnresponsive',
    'UserErrorFsFreezeFailed',
    'UserErrorUnableToOpenMount',
    'ExtensionFailedVssWriterInBadState',
    'ExtensionFailedVssServiceInBadState',
    'ExtensionSnapshotFailedCOM',
    'ExtensionInstallationFailedCOM',
    'ExtensionInstallationFailedMDTC',
    'ExtensionConfigParsingFailure',
    'ExtensionVCRedistInstallationFailure',
    'ExtensionSnapshotBitlockerError',
    'ExtensionFailedSnapshotLimitReachedError',
    'ExtensionStuckInDeletionState',
    'UserErrorVmNotInDesirableState',
    'VMRestorePointInternalError',
    'Pre-ScriptExecutionFailed',
    'Post-ScriptTimeout',
    'IncorrectJSONConfigFile',
    'IncorrectPluginhostFile',
    'InsufficientPermissionforPre-Script',
  ]) {
    t.equal(azureCode(name)?.codes.includes(name), true, name);
  }
});

t.test('what nobody has seen is not promised', async (t) => {
  for (const name of ['CloneLimitation', 'UserErrorScriptFailed', '', '99999'])
    t.equal(azureCode(name), undefined, name);
});

t.test('in any case, and as it was copied', async (t) => {
  assert(
    property(
      constantFrom(...names),
      infiniteStream(boolean()),
      constantFrom('', ' ', '.', ':'),
      (name, upper, tail) => {
        const mixed = [...name].map((letter) => (upper.next().value ? letter.toUpperCase() : letter.toLowerCase()));
        return azureCode(`${mixed.join('')}${tail}`)?.codes.includes(name) === true;
      },
    ),
  );
  assert(property(string({ unit: 'binary' }), (word) => azureCode(word) === undefined || word.trim() !== ''));
  t.equal(azureCode('Code 121')?.codes[0], 'UserErrorFsFreezeFailed');
});

t.test('a finding says which errors it explains', async (t) => {
  const check = (id: string): Check => ({ id, group: 'os', title: id, run: async () => pass('') });
  t.strictSame((await find(check('fs.duplicates'), {})).explains, ['UserErrorFsFreezeFailed']);
  t.notOk('explains' in (await find(check('os.arch64'), {})), 'absent where there is none');
  for (const { codes, checks } of AZURE_CODES.filter(({ causes }) => causes.length > 0)) {
    for (const id of checks) t.ok(explainedBy(id).includes(codes[0]), `${id} explains ${codes[0]}`);
  }
});
