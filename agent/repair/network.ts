import { pinnedFiles } from '../boot/network-pins.ts';
import type { Repair } from './repair.ts';

/** Takes effect at the next boot: the running network is not touched, nor is an address that somebody has fixed. */
export const network: Repair = {
  id: 'net.dhcp-restored',
  check: 'net.dhcp-restored',
  title: 'Find network adapters by the name of the interface',
  platforms: ['linux'],
  risk: 'A machine with several adapters may give them other names at its next boot; addresses stay as they are set.',
  safe: false,

  async plan(system) {
    const files = await pinnedFiles(system);
    return {
      changes: files.map(({ path, unpinned }) => ({
        do: 'write',
        path,
        text: unpinned,
        mode: 0o600,
        encoding: 'latin1',
      })),
      runs: [],
      notes: [],
    };
  },
};
