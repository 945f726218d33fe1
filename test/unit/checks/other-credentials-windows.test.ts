import t from 'tap';
import { noVaultCredentials } from '../../../agent/checks/other-credentials.ts';
import { newContext } from '../../../agent/checks/run.ts';
import type { System } from '../../../agent/system/system.ts';
import { changedWindows } from './windows-fault.ts';
import { WINDOWS_FACTS } from './windows-machine.ts';

t.test('folders that lead to a server are not looked into', async (t) => {
  const { system, cleanUp } = changedWindows({
    files: { 'C:\\Users\\ann\\Desktop\\a.VaultCredentials': '', 'C:\\Users\\bob\\Desktop\\b.txt': '' },
  });
  t.teardown(cleanUp);
  const links: Readonly<Record<string, string>> = {
    'C:\\Users\\ann\\Documents': '\\\\server\\ann',
    'C:\\Users\\bob': '\\\\server\\bob',
  };
  const looked: string[] = [];
  const linked: System = {
    ...system,
    readLink: async (path) => links[path],
    async list(path) {
      looked.push(path);
      return system.list(path);
    },
  };
  const { detail } = await noVaultCredentials.run(linked, newContext(linked, WINDOWS_FACTS));
  t.match(detail, /ann\\Desktop\\a\.VaultCredentials/);
  t.strictSame(
    looked.filter((path) => path.startsWith('C:\\Users\\ann\\Doc') || path.startsWith('C:\\Users\\bob')),
    [],
  );
});
