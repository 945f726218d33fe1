import { RDP_PORT, RDP_SERVICE, RDP_VALUES, readRemoteDesktop } from '../boot/remote-desktop.ts';
import { startNumber, startPath } from '../boot/windows-starts.ts';
import type { FileChange } from '../system/changes.ts';
import type { Note } from '../system/transaction.ts';
import type { Repair } from './repair.ts';
import { setNumber } from './windows-starts.ts';

/** The one way into a restored Windows. What a policy says is put back by the policy, and left to its owner. */
export const remoteDesktop: Repair = {
  id: 'win.rdp',
  check: 'win.rdp',
  title: 'Let Remote Desktop in: switched on, on every adapter, with who logs in asked first',
  platforms: ['windows'],
  risk: 'At once: whoever may log in, and gets through the firewall, can. Who logs in with a password that has run out is turned away.',
  safe: false,

  async plan(system) {
    const {
      denied,
      byPolicy,
      service,
      port,
      adapter = 0,
      networkLevel,
      lostCertificate,
    } = await readRemoteDesktop(system);
    const changes: readonly (FileChange | false)[] = [
      service === 'disabled' && setNumber(startPath(RDP_SERVICE), startNumber('manual')),
      denied && !byPolicy && setNumber(RDP_VALUES.denied, 0),
      lostCertificate !== undefined && { do: 'remove-value', path: RDP_VALUES.certificate },
      adapter !== 0 && setNumber(RDP_VALUES.adapter, 0),
      networkLevel === 0 && setNumber(RDP_VALUES.networkLevel, 1),
    ];
    const notes: readonly (Note | false)[] = [
      service === 'not installed' && {
        message: `The service ${RDP_SERVICE} is not installed, and not to be had from here.`,
        remedy: 'Repair Windows: sfc /scannow',
      },
      denied &&
        byPolicy && {
          message: 'A policy switches Remote Desktop off.',
          remedy: 'Change the policy "Allow users to connect remotely by using Remote Desktop Services".',
        },
      port !== RDP_PORT && {
        message: `Remote Desktop listens on port ${port}, which is left as it is.`,
        remedy: `Azure's rules for a new machine open ${RDP_PORT}: have ${port} opened after a restore.`,
      },
    ];
    return {
      changes: changes.filter((change) => change !== false),
      runs: [],
      notes: notes.filter((note) => note !== false),
    };
  },
};
