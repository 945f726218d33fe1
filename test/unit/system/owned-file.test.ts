import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyChanges } from '../../../agent/system/changes.ts';
import { type OwnedFile, ownerOf, planFile, sealed } from '../../../agent/system/owned-file.ts';
import { fakeSystem } from '../../fakes/system.ts';

const PATH = '/etc/ours';
const WANTED: OwnedFile = { text: '#!/bin/sh\ntrue\n', mode: 0o755 };

const machine = (files: Readonly<Record<string, string>> = { '/etc/hostname': 'vm' }) => {
  const system = fakeSystem({ files });
  t.teardown(system.cleanUp);
  return system;
};

t.test('written once, then left as it is, then taken away', async (t) => {
  const system = machine();
  const plan = (wanted: OwnedFile | undefined) => planFile(system, PATH, wanted);
  t.strictSame(await plan(undefined), [], 'nothing to take away');
  await applyChanges(system, await plan(WANTED));
  t.equal((await system.stat(PATH))?.mode, 0o755);
  t.strictSame(await plan(WANTED), [], 'the second time there is nothing to do');
  const newer = { ...WANTED, text: 'newer\n' };
  await applyChanges(system, await plan(newer));
  t.equal(await system.readText(PATH), sealed('newer\n'), 'one of an older version is replaced');
  await applyChanges(system, await plan(undefined));
  t.equal(await system.stat(PATH), undefined);
});

t.test('its mode is put right too', async (t) => {
  const system = machine();
  await applyChanges(system, await planFile(system, PATH, WANTED));
  chmodSync(join(system.root, PATH), 0o644);
  await applyChanges(system, await planFile(system, PATH, WANTED));
  t.equal((await system.stat(PATH))?.mode, 0o755);
});

t.test('one that was edited is named and left alone', async (t) => {
  const edits = [
    (text: string) => text.replace('true', 'false'),
    (text: string) => `${text}# one more line\n`,
    (text: string) => text.trimEnd(),
    (text: string) => text.replace(/\w\n$/, 'x\n'),
  ];
  for (const edit of edits) {
    const system = machine({ [PATH]: edit(sealed(WANTED.text)) });
    for (const wanted of [WANTED, undefined]) {
      await t.rejects(planFile(system, PATH, wanted), { code: 'file.edited', message: /^\/etc\/ours was edited/ });
    }
  }
});

t.test("somebody else's is not replaced, and not taken away", async (t) => {
  const system = machine({ [PATH]: '#!/bin/sh\n' });
  await t.rejects(planFile(system, PATH, WANTED), { code: 'file.foreign', remedy: /rm \/etc\/ours/ });
  t.strictSame(await planFile(system, PATH, undefined), []);

  const linked = machine({ '/etc/target': sealed(WANTED.text) });
  symlinkSync('/etc/target', join(linked.root, PATH));
  await t.rejects(planFile(linked, PATH, WANTED), { code: 'file.foreign' }, 'a link is nothing that we make');
  writeFileSync(join(linked.root, 'etc/target'), '');
  t.strictSame(await planFile(linked, PATH, undefined), []);
});

t.test('the seal alone does not make it ours', async (t) => {
  t.equal(ownerOf(sealed('a\n')), 'us');
  t.equal(ownerOf('a\n'), 'somebody');
  t.equal(ownerOf(''), 'somebody');
  t.equal(ownerOf(sealed('')), 'somebody', 'an empty file is never ours');
  t.equal(ownerOf(sealed(sealed('a\n'))), 'us', 'the last seal counts');
});
