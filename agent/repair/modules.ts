import { blacklisted } from '../boot/modules.ts';
import type { FileChange } from '../system/changes.ts';
import type { System } from '../system/system.ts';
import type { Note } from '../system/transaction.ts';
import type { Repair } from './repair.ts';

/** What stands before a line that we have put out of use. */
const OFF = '# quiesced repair: ';

/** `udf` and `vfat`, which hardening guides forbid, and Azure's media need. */
export const media: Repair = {
  id: 'boot.udf-vfat',
  check: 'boot.udf-vfat',
  title: 'Let udf and vfat be loaded',
  platforms: ['linux'],
  risk: 'Whoever may mount file systems may mount these again, which a hardening guide has forbidden here.',
  safe: false,
  plan: async (system) => ({ ...(await unblocked(system, ['udf', 'vfat'])), runs: [] }),
};

/** Lines that keep modules from being loaded, made comments. Those of packages are overridden by nobody but their owner. */
export async function unblocked(
  system: System,
  modules: readonly string[],
): Promise<{ readonly changes: readonly FileChange[]; readonly notes: readonly Note[] }> {
  const found = (await blacklisted(system)).filter(({ module }) => modules.includes(module));
  const own = found.filter(({ path }) => path.startsWith('/etc/'));
  const changes = [...Map.groupBy(own, ({ path }) => path)].map(async ([path, lines]): Promise<FileChange> => {
    const text = (await system.readText(path, 'latin1')) ?? '';
    const off = new Set(lines.map(({ line }) => line));
    const mended = text.split('\n').map((line, at) => (off.has(at + 1) ? `${OFF}${line}` : line));
    return { do: 'write', path, text: mended.join('\n'), mode: 0o644, encoding: 'latin1' };
  });
  const notes = found
    .filter(({ path }) => !path.startsWith('/etc/'))
    .map(({ path, module }) => ({
      message: `${path} belongs to a package, and keeps ${module} from being loaded`,
      remedy: `Put a file of the same name, without that line, into /etc/modprobe.d, which goes before it.`,
    }));
  return { changes: await Promise.all(changes), notes };
}
