import t from 'tap';
import { AFTER_FILES, BEFORE_REMOVAL } from '../../../packaging/msi/actions.ts';
import { TABLES } from '../../../packaging/msi/tables.ts';
import { COMMAND, componentId, UPGRADE_CODE, wxs } from '../../../packaging/msi/wxs.ts';

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
  const type = (id: string) => Number(new RegExp(`VALUES \\('${id}', (\\d+)`).exec(TABLES.join('\n'))?.[1]);
  // msidefs.h: a program (0x12) in the script (0x400) of the system (0x800); 0x100 for undoing, 0x40 to go on.
  t.equal(type('RemoveService'), 0xc12);
  t.equal(type('StartService'), 0xc52);
  t.equal(type('UndoRemoval'), 0xd52);
});
