import t, { type Test } from 'tap';
import { makeWindowsFolder, type PathAccess } from '../../../agent/system/folder-windows.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { ADMINISTRATORS, descriptor, FULL, SOMEBODY, SYSTEM } from './descriptors.ts';

const OURS = [SYSTEM, ADMINISTRATORS].map((who) => ({ who, rights: FULL }));
const BASE = 'C:\\ProgramData\\quiesced';
const BY_ADMINISTRATORS = descriptor(ADMINISTRATORS, OURS);

/** A disk C: with `%ProgramData%`, and whatever else is named; what was asked of Windows. */
function disk(t: Test, present: Readonly<Record<string, Buffer>>, others: readonly string[] = []) {
  const fake = fakeSystem({ platform: 'windows' });
  t.teardown(fake.cleanUp);
  const places = new Map(
    Object.entries({ 'C:\\': BY_ADMINISTRATORS, 'C:\\ProgramData': BY_ADMINISTRATORS, ...present }),
  );
  const asked: string[] = [];
  const folder = { kind: 'directory', mode: 0o777, uid: 0, gid: 0, sizeBytes: 0, modifiedMs: 0 } as const;
  const system = {
    ...fake,
    // What others make meanwhile was not there a moment ago.
    stat: async (path: string) => (places.has(path) && !others.includes(path) ? folder : undefined),
    readLink: async () => undefined,
    securityOf: async (path: string) => places.get(path),
  };
  const access: PathAccess = {
    makeFolder(path) {
      if (places.has(path)) return false;
      asked.push(`make ${path}`);
      places.set(path, BY_ADMINISTRATORS);
      return true;
    },
    setAccessOfPath: (path) => void asked.push(`set ${path}`),
  };
  return { asked, make: (path: string) => makeWindowsFolder(system, path, 0o700, access) };
}

t.test('a folder is made with its parents, and one that is there is made ours', async (t) => {
  const { asked, make } = disk(t, {});
  await make(`${BASE}\\state`);
  await make(`${BASE}\\state`);
  t.strictSame(asked, [`make ${BASE}`, `make ${BASE}\\state`, `set ${BASE}\\state`]);
});

t.test('one that somebody else has made is not taken over', async (t) => {
  const theirs = { [BASE]: descriptor(SOMEBODY, OURS) };
  const before = disk(t, theirs);
  await t.rejects(before.make(`${BASE}\\state`), { code: 'folder.unsafe' }, 'before');
  const meanwhile = disk(t, theirs, [BASE]);
  await t.rejects(meanwhile.make(`${BASE}\\state`), { code: 'folder.unsafe' }, 'between our look and our call');
  t.notOk(meanwhile.asked.some((what) => what.startsWith('set')));
});

t.test('a disk that is missing ends the way up', async (t) => {
  const { asked, make } = disk(t, {});
  await make('Q:\\a\\b');
  t.strictSame(asked, ['make Q:\\a', 'make Q:\\a\\b'], 'where Windows then refuses');
});
