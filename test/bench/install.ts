import { runProgram } from '../../agent/system/run.ts';
import { installQuietly } from '../quiet-install.ts';

/**
 * Path of qemu-ga, `undefined` when it is not to be had. It is installed only where `CI=1` or
 * `QUIESCED_TEST_INSTALL=1` allows it, and its service is not started.
 */
export async function findQemuGa(say: (line: string) => void): Promise<string | undefined> {
  const present = await which();
  if (present !== undefined) return present;
  if (process.env.CI !== '1' && process.env.QUIESCED_TEST_INSTALL !== '1') {
    say('SKIPPED: qemu-guest-agent is not installed. QUIESCED_TEST_INSTALL=1 lets this benchmark install it, or run:');
    say('  apt-get install --no-install-recommends qemu-guest-agent');
    return undefined;
  }
  await installQuietly(['qemu-guest-agent']);
  return which();
}

const which = async (): Promise<string | undefined> => {
  const { stdout } = await runProgram(['sh', '-c', 'command -v qemu-ga'], { timeoutMs: 5000 });
  return stdout.trim() || undefined;
};
