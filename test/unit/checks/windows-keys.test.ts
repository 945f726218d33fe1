import t from 'tap';
import { judgeKeyAccess, judgeKeyFolder } from '../../../agent/checks/windows-keys.ts';
import { parseSecurity } from '../../../agent/system/security-descriptor.ts';
import { windowsError } from '../../../agent/system/windows-error.ts';
import {
  ADMINISTRATORS,
  descriptor,
  EVERYONE,
  FULL,
  type Line,
  READ,
  SOMEBODY,
  SYSTEM,
} from '../system/descriptors.ts';
import { changedWindows } from './windows-fault.ts';

const DEFAULT: readonly Line[] = [
  { rights: 0x12_019f, who: EVERYONE },
  { rights: FULL, who: ADMINISTRATORS },
];
/** They hold for what is made below alone. */
const INHERIT_ONLY = 8;

const judged = (lines: readonly Line[] | undefined) => {
  const security = parseSecurity(descriptor(SYSTEM, lines));
  if (security === undefined) throw new Error('it is one');
  return judgeKeyAccess(security, 'C:\\MachineKeys');
};

t.test('who may use the keys of the machine', async (t) => {
  t.equal(judged(DEFAULT).verdict, 'pass');
  t.equal(judged([...DEFAULT, { rights: READ, who: SOMEBODY }]).verdict, 'pass', 'more does no harm');
  const parts = [0x12_0000, 0x19f].map((rights) => ({ rights, who: EVERYONE }));
  t.equal(judged([...parts, { rights: FULL, who: ADMINISTRATORS }]).verdict, 'pass', 'in two lines');
  t.match(judged([]), { verdict: 'warn', detail: /Everyone may do less, Administrators may do less/ });
  t.match(judged(DEFAULT.map((line) => ({ ...line, flags: INHERIT_ONLY }))), { verdict: 'warn' });
  t.match(judged([{ type: 1, rights: 2, who: EVERYONE }, ...DEFAULT]), { detail: /Everyone is refused something/ });
  t.equal(judged([{ type: 1, rights: 2, who: SOMEBODY }, ...DEFAULT]).verdict, 'pass', 'that is about somebody else');
  t.match(judged(undefined), { verdict: 'warn', detail: /everybody may do everything/, remedy: /icacls "C:/ });
});

t.test('a folder that cannot be looked at', async (t) => {
  const { system, cleanUp } = changedWindows();
  t.teardown(cleanUp);
  t.equal((await judgeKeyFolder(system)).verdict, 'pass');
  t.equal((await judgeKeyFolder({ ...system, securityOf: async () => undefined })).verdict, 'skip');
  t.equal((await judgeKeyFolder({ ...system, securityOf: async () => Buffer.from('?') })).verdict, 'skip');
  const closed = async () => {
    throw windowsError('who may change it cannot be read', 5);
  };
  t.match(await judgeKeyFolder({ ...system, securityOf: closed }), {
    verdict: 'warn',
    detail: /error 5 of Windows/,
    remedy: /\$ takeown \/F "C:\\ProgramData/,
  });
});
