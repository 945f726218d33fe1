/** An error of VSS, by its name in vsserror.h, and what to do about it. */
export interface VssError {
  readonly name: string;
  readonly remedy: string | undefined;
}

const LOOK_AT_EVENTS =
  'See what VSS says: wevtutil qe Application /q:"*[System[Provider[@Name=\'VSS\']]]" /c:5 /rd:true /f:text';

/** HRESULTs of vsserror.h that a person can do something about. */
const ERRORS: Readonly<Record<string, readonly [name: string, remedy: string]>> = {
  '80042301': ['VSS_E_BAD_STATE', LOOK_AT_EVENTS],
  '80042306': ['VSS_E_PROVIDER_VETO', LOOK_AT_EVENTS],
  '80042308': ['VSS_E_OBJECT_NOT_FOUND', 'See whether the volume is there: mountvol'],
  '8004230c': ['VSS_E_VOLUME_NOT_SUPPORTED', 'Leave that volume out of [vss] volumes.'],
  '8004230f': ['VSS_E_UNEXPECTED_PROVIDER_ERROR', LOOK_AT_EVENTS],
  '80042312': ['VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED', 'Name fewer in [vss] volumes: 64 at most.'],
  '80042313': ['VSS_E_FLUSH_WRITES_TIMEOUT', 'The disks are too busy. Try again when less is written.'],
  '80042314': ['VSS_E_HOLD_WRITES_TIMEOUT', 'The disks are too busy. Try again when less is written.'],
  '80042316': ['VSS_E_SNAPSHOT_SET_IN_PROGRESS', 'Somebody else makes a shadow copy now. Try again in a few minutes.'],
  '80042317': ['VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED', 'Delete old ones, see: vssadmin list shadows'],
  '8004231f': ['VSS_E_INSUFFICIENT_STORAGE', 'Make room for them, see: vssadmin list shadowstorage'],
};

/** The first that is named in what diskshadow says, as `0x8004231f`, `8004231F` or by its name. */
export function parseVssError(output: string): VssError | undefined {
  const [, hresult, name] = /\b(?:(?:0x)?(80042[0-9a-f]{3})|(VSS_E_[A-Z_]{3,60}))\b/i.exec(output) ?? [];
  const known = Object.entries(ERRORS).find(
    ([code, [knownName]]) => code === hresult?.toLowerCase() || knownName === name?.toUpperCase(),
  )?.[1];
  if (known !== undefined) return { name: known[0], remedy: known[1] };
  if (name !== undefined) return { name: name.toUpperCase(), remedy: LOOK_AT_EVENTS };
  return hresult === undefined ? undefined : { name: `0x${hresult.toLowerCase()}`, remedy: LOOK_AT_EVENTS };
}
