import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { takeSafeFreezeLock } from '../../../agent/freezer/safe-freeze-lock.ts';
import { EACCES, EAGAIN, EIO } from '../../../agent/system/native.ts';
import { fakeLibc } from '../../fakes/libc.ts';
import { temporaryFolder } from './rig.ts';

const openFiles = (): number => readdirSync('/proc/self/fd').length;

t.test('where nobody agreed on a lock there is none to take', async (t) => {
  const folder = join(temporaryFolder(t), 'absent');
  takeSafeFreezeLock(folder, fakeLibc())();
  t.notOk(existsSync(folder));
});

t.test('holds the file open for as long as the lock is wanted, and leaves it in place', async (t) => {
  const folder = temporaryFolder(t);
  const before = openFiles();
  const unlock = takeSafeFreezeLock(folder, fakeLibc());
  t.equal(openFiles(), before + 1);
  unlock();
  t.equal(openFiles(), before);
  t.strictSame(readdirSync(folder), ['SafeFreezeLockFile']);
});

t.test('says who freezes already', async (t) => {
  const folder = temporaryFolder(t);
  const before = openFiles();
  const held = (errno: number, holder?: number) => {
    const libc = fakeLibc();
    libc.recordLock = { errno, holder };
    return () => takeSafeFreezeLock(folder, libc);
  };
  t.throws(held(EAGAIN, 4711), { code: 'freeze.locked', message: /process 4711/, remedy: /Try again/ });
  t.throws(held(EACCES), { code: 'freeze.locked', message: /another process/ });
  t.throws(held(EIO), { message: /cannot lock .*SafeFreezeLockFile: EIO/ }, 'anything else is no holder');
  t.equal(openFiles(), before, 'and keeps nothing open');
});
