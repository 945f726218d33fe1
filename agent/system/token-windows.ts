import { openLibrary } from './native.ts';

/** WinBuiltinAdministratorsSid of winnt.h, and SECURITY_MAX_SID_SIZE. */
const ADMINISTRATORS = 26;
const SID_BYTES = 68;

/**
 * Whether this process acts as an administrator: started elevated, or as LocalSystem, which is one too. An administrator
 * who did not ask for it has the group in his token for denials only (CheckTokenMembership).
 */
export function isElevated(): boolean {
  const { library } = openLibrary('advapi32.dll');
  const wellKnownSid = library.func('int CreateWellKnownSid(int type, void *domain, void *sid, _Inout_ uint32 *size)');
  const isMember = library.func('int CheckTokenMembership(int64 token, void *sid, _Out_ int *member)');
  const sid = Buffer.alloc(SID_BYTES);
  const member = [0];
  return (
    wellKnownSid(ADMINISTRATORS, null, sid, [sid.length]) !== 0 && isMember(0, sid, member) !== 0 && member[0] !== 0
  );
}
