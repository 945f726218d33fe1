import { PATHS } from '../../agent/system/paths.ts';
import { callFunction, filesOf } from '../calling.ts';

/** There as long as applications are held for the guest agent. */
export const HELD_MARK = `${PATHS.linux.runtime}/qemu-guest-agent.held`;

/** Whether we made `fsfreeze-hook.d`, and take it away again when it is empty. */
export type FolderOrigin = 'made' | 'found';

const ORIGIN = '# fsfreeze-hook.d was';

export const originIn = (hook: string): FolderOrigin => (hook.includes(`\n${ORIGIN} made`) ? 'made' : 'found');

/** For when quiesced does not keep its own limits; in whole seconds. */
export interface HookLimits {
  /** The guest agent waits for its hook for ever, and answers nobody meanwhile: QEMU 7.2, qga/commands-posix.c. */
  readonly holdS: number;
  /** The post scripts go on beyond it: they do not end with the one who waits for them. */
  readonly releaseS: number;
}

const LIMITS: HookLimits = { holdS: 600, releaseS: 120 };

/**
 * The program that the guest agent's dispatcher runs with `freeze` before it freezes the file systems, and with `thaw`
 * after it has thawed them. POSIX sh, since that is what the dispatcher is written in.
 *
 * Ends with 0 where less than everything is held and `on-failure = continue` allows for that (exit code 3 of `hold`), and
 * where quiesced is gone: a hook that was left behind must not stop the backups of a machine for ever. Else it says what
 * quiesced says.
 */
export const hookText = (
  self: readonly string[],
  folder: FolderOrigin,
  { holdS, releaseS }: HookLimits = LIMITS,
): string => `#!/bin/sh
# Run by the dispatcher of QEMU's guest agent: with \`freeze\` before it freezes the file systems, with \`thaw\` after it has
# thawed them. In between quiesced holds the applications: pre and post scripts, databases.
# Take it out with: quiesced integrate qemu-guest-agent --remove
${ORIGIN} ${folder} by quiesced.
#
# Nothing here writes to a file system that can be frozen: /run is a tmpfs.
run=${PATHS.linux.runtime}
held=${HELD_MARK}
output=$run/qemu-guest-agent.$$

${callFunction(self)}

case "\${1-}" in
  freeze)
    for file in ${filesOf(self)}; do
      [ -e "$file" ] || { echo "quiesced is gone ($file): nothing is held; remove this hook: $0"; exit 0; }
    done
    mkdir -p "$run" || exit 1
    quiesced ${holdS} hold --no-freeze
    case $code in
      0) ;;
      3) echo 'quiesced: held, but less than was asked for; see: quiesced history' ;;
      124 | 137) echo 'quiesced: not held within ${holdS} s, given up'; exit 1 ;;
      *) echo "quiesced: not held (exit code $code)"; exit 1 ;;
    esac
    # Without the mark nobody would let go before the deadline.
    true >"$held" || { quiesced ${releaseS} release; exit 1; }
    ;;
  thaw)
    # Hosts thaw to be sure, too; what somebody else holds is not for us to let go.
    [ -e "$held" ] || exit 0
    rm -f "$held"
    quiesced ${releaseS} release
    case $code in
      0) ;;
      124 | 137) echo 'quiesced: letting go takes longer than ${releaseS} s, and goes on; see: quiesced history' ;;
      *) echo "quiesced: it was not held throughout (exit code $code)"; exit 1 ;;
    esac
    ;;
esac
`;
