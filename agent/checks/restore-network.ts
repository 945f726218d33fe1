import { type Pin, pinnedFiles } from '../boot/network-pins.ts';
import { isThere, readableLink } from '../system/readable.ts';
import { type Check, fail, info, pass, type Result } from './check.ts';
import { SOURCES } from './limits.ts';
import { listed } from './storage-evidence.ts';

/** A restored machine gets a new adapter. That its address is a fixed one, `net.dhcp` finds. */
export const networkKnowsNoAdapter: Check = {
  id: 'net.dhcp-restored',
  group: 'restore',
  title: 'The network comes up on an adapter that is new',
  platforms: ['linux'],
  offline: true,
  source: `${SOURCES.hydration}; ${SOURCES.supportMatrix}`,
  async run(system) {
    return judgePins((await pinnedFiles(system)).flatMap(({ pins }) => pins));
  },
};

export function judgePins(pins: readonly Pin[]): Result {
  if (pins.length === 0) return pass('no file names the hardware address of an adapter');
  return fail(
    `tied to the hardware address of one adapter: ${listed(pins.map(({ path, line, text }) => `${path}:${line} ${text}`))}`,
    'Have the network found by the name of the interface:\n$ quiesced repair net.dhcp-restored',
  );
}

const GENERATOR = '75-persistent-net-generator.rules';

/** It would write a rule for the adapter of today as soon as one boots with it, and the next one becomes eth1. */
export const namesAreNotKept: Check = {
  id: 'net.ifnames',
  group: 'restore',
  title: 'Nothing writes the names of adapters down',
  platforms: ['linux'],
  offline: true,
  source: `${SOURCES.genericImage}; ${SOURCES.hydration}`,
  async run(system) {
    const folders = ['/lib/udev/rules.d', '/usr/lib/udev/rules.d', '/etc/udev/rules.d'];
    const there = await Promise.all(folders.map((folder) => isThere(system, `${folder}/${GENERATOR}`)));
    const off = (await readableLink(system, `/etc/udev/rules.d/${GENERATOR}`)) === '/dev/null';
    return judgeGenerator(!off && there.includes(true));
  },
};

export function judgeGenerator(active: boolean): Result {
  if (!active) return pass('names follow from where the adapter is');
  return info(
    `${GENERATOR} writes a rule for each adapter that it meets: a restored machine's first one is then called eth1`,
    `$ ln -sf /dev/null /etc/udev/rules.d/${GENERATOR}`,
  );
}
