import { REGISTRATION } from '../../agent/scripts/registration.ts';
import { PATHS } from '../../agent/system/paths.ts';
import { callFunction, filesOf } from '../calling.ts';

/** There from a pre script that holds something until its post script. */
export const HELD_MARK = `${PATHS.linux.runtime}/azure-backup.held`;

/** Whether we made `/etc/azure`, and take it away again when it is empty. */
export type FolderOrigin = 'made' | 'found';

const ORIGIN = '# /etc/azure was';

export const originIn = (script: string): FolderOrigin => (script.includes(`\n${ORIGIN} made`) ? 'made' : 'found');

export interface RegistrationPolicy {
  /** For each of the two scripts; the extension gives them no more: `VMSnapshotPluginHost.conf`. */
  readonly timeoutSeconds: number;
  readonly continueOnFailure: boolean;
  readonly freeze: boolean;
}

/** What the script keeps back of its time: the extension polls every second, and `timeout` may kill 10 s late. */
const RESERVE_S = 15;

/** `VMSnapshotScriptPluginConfig.json`, ready for its seal. */
export const configText = ({ timeoutSeconds, continueOnFailure, freeze }: RegistrationPolicy): string => {
  const members = {
    pluginName: 'ScriptRunner',
    appName: 'quiesced',
    preScriptLocation: REGISTRATION.pre,
    postScriptLocation: REGISTRATION.post,
    preScriptParams: [],
    postScriptParams: [],
    // The extension says that it tries again, and does not.
    preScriptNoOfRetries: 0,
    postScriptNoOfRetries: 0,
    timeoutInSeconds: timeoutSeconds,
    continueBackupOnFailure: continueOnFailure,
    fsFreezeEnabled: freeze,
    ScriptsExecutionPollTimeSeconds: 1,
  };
  return `${JSON.stringify(members, undefined, 2).replace(/\n}$/, '')},\n`;
};

/**
 * Run by Microsoft's extension with `sh` before it freezes. Ends with 0 only when all is held that should be: then the
 * extension calls the snapshot application-consistent. Whatever else happens, it runs the post script.
 */
export const preText = (self: readonly string[], folder: FolderOrigin, policy: RegistrationPolicy): string => `#!/bin/sh
# Run by Microsoft's backup extension (VMSnapshotLinux) before it freezes the file systems. Until it runs
# ${REGISTRATION.post} quiesced holds the applications: pre and post scripts, databases.
# Take it out with: quiesced integrate azure-backup --remove
${ORIGIN} ${folder} by quiesced.
${head(self)}
for file in ${filesOf(self)}; do
  [ -e "$file" ] || { echo "quiesced is gone ($file): nothing is held"; exit 1; }
done
mkdir -p "$run" || exit 1
rm -f "$held"
quiesced ${limitOf(policy)} hold --no-freeze
case $code in
  0 | 3) ;;
  124 | 137) echo 'quiesced: not held within ${limitOf(policy)} s, given up'; exit 1 ;;
  *) echo "quiesced: not held (exit code $code)"; exit 1 ;;
esac
# Without the mark nobody would let go before the deadline.
true >"$held" || { quiesced ${limitOf(policy)} release; exit 1; }
[ "$code" = 0 ] || { echo 'quiesced: held, but less than was asked for; see: quiesced history'; exit 1; }
`;

/** Run by Microsoft's extension after it has thawed. Ends with 0 only when all was held until now. */
export const postText = (self: readonly string[], policy: RegistrationPolicy): string => `#!/bin/sh
# Run by Microsoft's backup extension (VMSnapshotLinux) after it has thawed the file systems: quiesced lets go of what
# ${REGISTRATION.pre} has it hold.
# Take it out with: quiesced integrate azure-backup --remove
${head(self)}
# What somebody else holds is not for us to let go.
[ -e "$held" ] || { echo 'quiesced: the pre script has come to hold nothing'; exit 1; }
rm -f "$held"
quiesced ${limitOf(policy)} release
case $code in
  0) ;;
  124 | 137) echo 'quiesced: letting go takes longer than ${limitOf(policy)} s, and goes on; see: quiesced history'; exit 1 ;;
  *) echo "quiesced: it was not held throughout (exit code $code)"; exit 1 ;;
esac
`;

const head = (self: readonly string[]): string => `#
# Nothing here writes to a file system that can be frozen: /run is a tmpfs.
run=${PATHS.linux.runtime}
held=${HELD_MARK}
output=$run/azure-backup.$$

${callFunction(self)}
`;

const limitOf = ({ timeoutSeconds }: RegistrationPolicy): number => Math.max(5, timeoutSeconds - RESERVE_S);
