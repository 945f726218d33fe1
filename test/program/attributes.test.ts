/** What a change of the proxy leaves on the files of others: access lists and labels, on a real file system. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy } from '../../agent/proxy/change.ts';
import { proxySettings } from '../../agent/proxy/settings.ts';
import { localSystem } from '../../agent/system/local.ts';
import { whyNot } from './check-rig.ts';

const LABEL = 'system_u:object_r:etc_t:s0';

/** A tmpfs of its own, unmounted whatever happens. */
function mounted(t: Test): string {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-attributes-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'quiesced-attributes', root]);
  t.teardown(() => {
    execFileSync('umount', [root]);
    rmSync(root, { recursive: true });
  });
  return root;
}

const PYTHON = {
  setLabel: 'os.setxattr(p, "security.selinux", b"LABEL\\0")',
  label: 'print(os.getxattr(p, "security.selinux"))',
};
const python = (what: keyof typeof PYTHON, path: string): string =>
  execFileSync('python3', ['-c', `import os, sys; p = sys.argv[1]; ${PYTHON[what].replace('LABEL', LABEL)}`, path], {
    encoding: 'utf8',
  });
const acl = (path: string): string => execFileSync('getfacl', ['--omit-header', '-p', path], { encoding: 'utf8' });

t.test('kept by apply, clear and undo', { skip: whyNot() }, async (t) => {
  const root = mounted(t);
  const path = join(root, 'etc/environment');
  mkdirSync(join(root, 'etc'));
  writeFileSync(path, 'A=b\n', { mode: 0o640 });
  execFileSync('setfacl', ['-m', 'u:nobody:r,g:daemon:rw', path]);
  python('setLabel', path);
  const before = { acl: acl(path), mode: statSync(path).mode };
  t.match(before.acl, /user:nobody:r--\ngroup::r--\ngroup:daemon:rw-/);
  const parts = { system: localSystem({ root, live: false, env: {} }), backupUnderWay: async () => undefined };
  const wanted = proxySettings('http://10.0.0.8:3128', [], 'test');
  for (const request of [
    { do: 'apply' as const, wanted, packages: false },
    { do: 'clear' as const },
    { do: 'apply' as const, wanted, packages: false },
    { do: 'undo' as const, force: false },
  ]) {
    const inode = statSync(path).ino;
    await changeProxy(parts, request, 'none');
    t.not(statSync(path).ino, inode, `${request.do}: another file`);
    t.strictSame({ acl: acl(path), mode: statSync(path).mode }, before, 'for the same people');
    t.match(python('label', path), LABEL);
  }
});
