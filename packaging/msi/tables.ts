import { type Action, AFTER_FILES, BEFORE_REMOVAL, SKIP_STOP } from './actions.ts';
import { COMMAND, COMMAND_NAME, componentId, folderId, PROGRAM_FOLDER } from './wxs.ts';

/** msidbCustomActionType*: a command line, as LocalSystem, once the machine is being changed. */
const COMMAND_ACTION = 0x22 + 0x400 + 0x800;
const UNDO = 0x100;
const GO_ON = 0x40;

/**
 * What wixl(1) has no elements for, as SQL for msibuild(1): rollback actions, PATH, and properties that are handed from
 * who asks to who installs. The numbers of the order are Microsoft's: learn.microsoft.com/windows/win32/msi,
 * "Suggested InstallExecuteSequence".
 */
export const TABLES: readonly string[] = [
  // Within what can be put back: an upgrade that fails leaves the version that was there.
  "UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 WHERE `Action` = 'RemoveExistingProducts'",
  ...BEFORE_REMOVAL.flatMap((action, index) => [custom(action), sequenced(action.id, 1610 + index, action.condition)]),
  ...AFTER_FILES.flatMap((action, index) => [custom(action), sequenced(action.id, 5810 + index, action.condition)]),
  `UPDATE \`Property\` SET \`Value\` = 'WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED;MAJORVERSION;${SKIP_STOP}' WHERE \`Property\` = 'SecureCustomProperties'`,
  'CREATE TABLE `Environment` (`Environment` CHAR(72) NOT NULL, `Name` CHAR(255) NOT NULL LOCALIZABLE, `Value` CHAR(255) LOCALIZABLE, `Component_` CHAR(72) NOT NULL PRIMARY KEY `Environment`)',
  // `*` is the machine's environment, `=-` set now and removed with the component, `[~];` behind what stands there.
  insert('Environment', {
    Environment: 'Path',
    Name: '*=-PATH',
    Value: `[~];[${folderId('bin')}]`,
    Component_: componentId(COMMAND),
  }),
  sequenced('RemoveEnvironmentStrings', 3300),
  sequenced('WriteEnvironmentStrings', 5200),
];

function custom({ id, command, when, onFailure }: Action): string {
  const type = COMMAND_ACTION + (when === 'undo' ? UNDO : 0) + (onFailure === 'go-on' ? GO_ON : 0);
  // By the command that a person has, which takes away what the machine has set for others that run in Node.
  const target = `"[System64Folder]cmd.exe" /d /s /c ""[${folderId('bin')}]${COMMAND_NAME}" ${command}"`;
  return insert('CustomAction', { Action: id, Type: type, Source: PROGRAM_FOLDER, Target: target });
}

function sequenced(action: string, number: number, condition?: string): string {
  return insert('InstallExecuteSequence', {
    Action: action,
    ...(condition === undefined ? {} : { Condition: condition }),
    Sequence: number,
  });
}

/** No text here has an apostrophe in it, which this SQL could not hold. */
function insert(table: string, row: Readonly<Record<string, string | number>>): string {
  const columns = Object.keys(row).map((column) => `\`${column}\``);
  const values = Object.values(row).map((value) => (typeof value === 'number' ? value : `'${value}'`));
  return `INSERT INTO \`${table}\` (${columns.join(', ')}) VALUES (${values.join(', ')})`;
}
