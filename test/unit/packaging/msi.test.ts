import t from 'tap';
import { AFTER_FILES, BEFORE_REMOVAL } from '../../../packaging/msi/actions.ts';
import { TABLES } from '../../../packaging/msi/tables.ts';
import { versionsOf } from '../../../packaging/msi/versions.ts';
import { COMMAND, componentId, fileId, UPGRADE_CODE, wxs } from '../../../packaging/msi/wxs.ts';
import { FILE_VERSION, peFile } from '../../fixtures/pe-file.ts';

const FILES = ['node.exe', 'quiesced.mjs', COMMAND, 'lib/a&b.mjs', 'node_modules/koffi/index.js'];
const source = (version: string, files = FILES) => wxs({ version, root: 'files', files });
const idOf = (text: string, element: string) => new RegExp(`<${element} Id="([^"]+)"`).exec(text)?.[1];

t.test('every file is in it once, in its folder, and belongs to the feature', async (t) => {
  const text = source('1.2.3');
  for (const file of FILES) {
    const escaped = file.replace('&', '&amp;');
    t.equal(text.split(`Source="files/${escaped}"`).length, 2, file);
    t.equal(text.split(`"${componentId(file)}"`).length, 3, `${file}: a component, and its reference`);
  }
  t.match(text, /<Directory Id="\w+" Name="node_modules">\s*<Directory Id="\w+" Name="koffi">\s*<Component/);
  t.equal(text.split('<Directory ').length, text.split('</Directory>').length);
});

t.test('versions are one product, each its own; a file is the same component in all', async (t) => {
  t.equal(UPGRADE_CODE, '5F089962-31F9-4208-8E9C-ECB5972D4A3C', 'never changed');
  const [one, other] = [source('1.2.3'), source('1.2.4', [...FILES, 'lib/new.mjs'])];
  t.not(idOf(one, 'Product'), idOf(other, 'Product'));
  const guid = (text: string) => new RegExp(`${componentId('node.exe')}" Guid="([^"]+)"`).exec(text)?.[1];
  t.equal(guid(one), guid(other));
  t.equal(source('1.2.3'), one, 'the same sources make the same text');
  // Windows keeps a file whose version is higher, whoever has put it there.
  t.match(one, '<Property Id="REINSTALLMODE" Value="amus"/>', 'every file of an upgrade is taken');
});

t.test('the source of events goes with the command', async (t) => {
  const place = 'Key="SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\quiesced"';
  t.equal(source('1.2.3').split(place).length, 3);
});

t.test('each action is defined and in its order: what undoes a step before it', async (t) => {
  for (const actions of [AFTER_FILES, BEFORE_REMOVAL]) {
    t.equal(actions[0]?.when, 'undo');
    for (const { id, condition } of actions) {
      t.equal(TABLES.filter((query) => query.includes(`'${id}'`)).length, 2, id);
      t.notMatch(condition, /'/, 'SQL of this kind has no way to write an apostrophe');
    }
  }
  const removal = BEFORE_REMOVAL.find(({ id }) => id === 'RemoveService');
  t.match(removal?.condition, / AND NOT SKIPSTOP$/, 'a program that does not run can be removed all the same');
  t.match(TABLES.join('\n'), /MAJORVERSION;SKIPSTOP' WHERE `Property` = 'SecureCustomProperties'/, 'by who installs');
  const type = (id: string) => Number(new RegExp(`VALUES \\('${id}', (\\d+)`).exec(TABLES.join('\n'))?.[1]);
  // msidefs.h: a command line (0x22) in the script (0x400) of the system (0x800); 0x100 for undoing, 0x40 to go on.
  t.equal(type('RemoveService'), 0xc22);
  t.equal(type('StartService'), 0xc62);
  t.equal(type('UndoRemoval'), 0xd62);
  const actions = TABLES.filter((query) => query.startsWith('INSERT INTO `CustomAction`'));
  t.equal(actions.filter((query) => / ""\[Folder_\w+\]quiesced\.cmd" service /.test(query)).length, actions.length);
});

t.test('a program has its version in the table of files, and what has none there has none', async (t) => {
  const root = t.testdir({ 'node.exe': peFile('1.2.3.4'), 'none.node': peFile(undefined), 'quiesced.mjs': '' });
  const [update, ...others] = versionsOf(root, ['node.exe', 'none.node', 'quiesced.mjs']);
  t.equal(
    update,
    `UPDATE \`File\` SET \`Version\` = '${FILE_VERSION}', \`Language\` = '1033' WHERE \`File\` = '${fileId('node.exe')}'`,
    'the one of the file, as Windows Installer compares them',
  );
  t.strictSame(others, []);
});
