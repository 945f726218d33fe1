import t, { type Test } from 'tap';
import { isOursAlone } from '../../../agent/system/pipe-windows.ts';
import { parseSecurity, type Security } from '../../../agent/system/security-descriptor.ts';
import { assertOnlyRootCanChange, distrust } from '../../../agent/system/trust.ts';
import { isTrusted, type Place, readersOf, whyDistrusted } from '../../../agent/system/trust-windows.ts';
import { fakeSystem } from '../../fakes/system.ts';
import {
  ADMINISTRATORS,
  descriptor,
  FULL,
  INSTALLER,
  type Line,
  READ,
  SOMEBODY,
  SYSTEM,
  USERS,
} from './descriptors.ts';

const lets = (who: string, rights: number, flags = 0): Line => ({ who, rights, flags });
const OURS: readonly Line[] = [lets(SYSTEM, FULL), lets(ADMINISTRATORS, FULL)];
const INHERIT_ONLY = 0x0b;
/** As Windows has them: everybody may make folders in the root of a disk, and files in %ProgramData%. */
const DISK = descriptor(INSTALLER, [
  ...OURS,
  lets(USERS, READ),
  lets('S-1-5-11', 0x4),
  lets('S-1-5-11', 0x1301bf, INHERIT_ONLY),
]);
const PROGRAM_DATA = descriptor(SYSTEM, [...OURS, lets('S-1-3-0', FULL, INHERIT_ONLY), lets(USERS, 0x116)]);

t.test('what is written down is read', async (t) => {
  t.strictSame(parseSecurity(descriptor(INSTALLER, [lets(USERS, READ, INHERIT_ONLY)])), {
    owner: INSTALLER,
    entries: [{ kind: 'allow', inheritOnly: true, rights: READ, who: USERS }],
  });
  t.strictSame(parseSecurity(descriptor(SYSTEM, undefined)), { owner: SYSTEM, entries: undefined }, 'no list at all');
  t.strictSame(parseSecurity(descriptor(undefined, [])), { owner: undefined, entries: [] }, 'a list that lets nobody');
  t.match(parseSecurity(descriptor(SYSTEM, [{ type: 1, rights: 2, who: USERS }])), { entries: [{ kind: 'deny' }] });
  t.match(parseSecurity(descriptor(SYSTEM, [{ type: 5, rights: 2, who: USERS }])), { entries: [{ kind: 'other' }] });
});

t.test('what is cut off is not understood', async (t) => {
  const whole = descriptor(SYSTEM, OURS);
  for (let length = 0; length < whole.length; length += 1) {
    t.equal(parseSecurity(whole.subarray(0, length)), undefined, `${length} bytes`);
  }
  const lying = Buffer.from(whole);
  lying.writeUInt16LE(999, 20 + 12 + 4);
  t.equal(parseSecurity(lying), undefined, 'more lines than there are');
});

const why = (security: Buffer, place: Place): string | undefined =>
  whyDistrusted(parseSecurity(security) as Security, place, (who) => isTrusted(who, {}));

t.test('who may change what', async (t) => {
  t.equal(why(descriptor(ADMINISTRATORS, [...OURS, lets(USERS, READ)]), 'file'), undefined);
  t.equal(why(descriptor(INSTALLER, [...OURS, lets(INSTALLER, FULL)]), 'file'), undefined);
  t.match(why(descriptor(SOMEBODY, OURS), 'above'), /belongs to S-1-5-21-1-2-3-1001/, 'an owner sets the list');
  t.match(why(descriptor(undefined, OURS), 'file'), /belongs to nobody/);
  t.match(why(descriptor(SYSTEM, undefined), 'file'), /by everybody/);
  t.equal(why(descriptor(SYSTEM, []), 'file'), undefined);
  for (const rights of [0x2, 0x4, 0x10, 0x10000, 0x40000, 0x80000, 0x10000000, 0x40000000]) {
    const found = why(descriptor(SYSTEM, [...OURS, lets(USERS, rights)]), 'file');
    t.equal(found, 'may be changed by Users', `0x${rights.toString(16)}`);
  }
  t.equal(why(descriptor(SYSTEM, [{ type: 1, rights: FULL, who: USERS }]), 'file'), undefined, 'what is denied');
  t.match(why(descriptor(SYSTEM, [{ type: 5, rights: 1, who: USERS }]), 'file'), /unknown kind/);
  t.match(why(descriptor(SYSTEM, [{ type: 9, rights: 2, who: USERS }]), 'file'), /Users/, 'on a condition');
});

t.test('a folder, and what is above it', async (t) => {
  t.equal(why(DISK, 'above'), undefined);
  t.match(why(DISK, 'folder'), /Authenticated Users/, 'who may make a folder there');
  t.equal(why(PROGRAM_DATA, 'above'), undefined);
  t.match(why(PROGRAM_DATA, 'folder'), /by Users$/);
  t.match(why(descriptor(SYSTEM, [lets(USERS, 0x40)]), 'above'), /Users/, 'who may delete what is in it');
});

t.test('a pipe is ours alone', async (t) => {
  const ours = (lines: readonly Line[] | undefined) =>
    isOursAlone(parseSecurity(descriptor(SYSTEM, lines)) as Security);
  t.equal(ours(OURS), true);
  t.equal(ours([...OURS, lets('S-1-1-0', 0x120089)]), false, 'what Node makes lets everybody read');
  t.equal(ours(undefined), false);
  t.equal(ours([]), false, 'nobody could ask');
  t.equal(ours([...OURS, { type: 5, rights: 1, who: SYSTEM }]), false);
});

function windows(t: Test, places: Readonly<Record<string, Buffer>>, links: Readonly<Record<string, string>> = {}) {
  const system = fakeSystem({ platform: 'windows' });
  t.teardown(system.cleanUp);
  return {
    ...system,
    readLink: async (path: string) => links[path],
    securityOf: async (path: string) => places[path],
  };
}

t.test('the way to a file is walked', async (t) => {
  const places = {
    'C:\\': DISK,
    'C:\\ProgramData': PROGRAM_DATA,
    'C:\\ProgramData\\q': descriptor(ADMINISTRATORS, OURS),
    'C:\\ProgramData\\q\\a.cmd': descriptor(ADMINISTRATORS, OURS),
    'C:\\mine': descriptor(ADMINISTRATORS, [...OURS, lets('S-1-5-11', 0x1301bf)]),
    'C:\\mine\\a.cmd': descriptor(ADMINISTRATORS, OURS),
  };
  const system = windows(t, places, { 'C:\\link': 'C:\\mine', 'C:\\loop': 'C:\\loop' });
  t.equal(await distrust(system, 'C:\\ProgramData\\q\\a.cmd'), undefined);
  t.equal(await distrust(system, 'C:\\ProgramData\\q\\none.cmd'), undefined, 'nothing there is nothing to obey');
  t.match(await distrust(system, 'C:\\mine\\a.cmd'), { what: /C:\\mine may be changed/, remedy: /icacls "C:\\mine"/ });
  t.match(await distrust(system, 'C:\\link\\a.cmd'), { what: /C:\\mine may be changed/ }, 'behind a link');
  t.match(await distrust(system, 'C:\\loop\\a.cmd'), { what: /cannot be followed/ });
  t.match(await distrust(system, '\\\\server\\share\\a.cmd'), { what: /no disk of this machine/ });
  const how = { code: 'service.unsafe', as: 'as a service' };
  await t.resolves(assertOnlyRootCanChange(system, ['C:\\ProgramData\\q\\a.cmd', 'daemon'], how));
  await t.rejects(assertOnlyRootCanChange(system, ['C:\\mine\\a.cmd'], how), { code: 'service.unsafe' });
});

t.test('who may read what', async (t) => {
  const readers = (security: Buffer) => readersOf(parseSecurity(security) as Security, (who) => isTrusted(who, {}));
  t.strictSame(readers(descriptor(ADMINISTRATORS, OURS)), []);
  t.strictSame(readers(descriptor(ADMINISTRATORS, [...OURS, lets(USERS, 0x116)])), [], 'to write is not to read');
  for (const rights of [0x1, READ, 0x40000, 0x80000, 0x10000000, 0x80000000]) {
    t.strictSame(readers(descriptor(SYSTEM, [...OURS, lets(USERS, rights)])), ['Users'], `0x${rights.toString(16)}`);
  }
  t.strictSame(readers(descriptor(SYSTEM, [lets(USERS, READ, INHERIT_ONLY)])), [], 'what is made below');
  t.strictSame(readers(descriptor(SOMEBODY, [...OURS, lets(SOMEBODY, READ)])), [SOMEBODY], 'an owner sets the list');
  t.strictSame(readers(descriptor(SYSTEM, undefined)), ['everybody']);
  t.match(readers(descriptor(SYSTEM, [{ type: 5, rights: 1, who: USERS }])), [/unknown kind/]);
});
