import { RDP_PORT, type RemoteDesktop, readRemoteDesktop } from '../boot/remote-desktop.ts';
import { serialConsoleOf } from '../boot/windows-serial.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip, warn } from './check.ts';
import { WINDOWS_IMAGE } from './limits.ts';

/** The one way into a restored Windows, the serial console apart. */
export const remoteDesktopLetsIn: Check = {
  id: 'win.rdp',
  group: 'restore',
  title: 'Remote Desktop lets in whoever may log in',
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    return restoreLimit(context, judgeRemoteDesktop(await readRemoteDesktop(system)));
  },
};

const REPAIR = 'Have it put right:\n$ quiesced repair win.rdp';

export function judgeRemoteDesktop(desktop: RemoteDesktop): Result {
  const { denied, byPolicy, service, port, adapter = 0, networkLevel, lostCertificate } = desktop;
  if (service === 'not installed') {
    return fail('the service TermService is not installed', 'Repair Windows:\n$ sfc /scannow');
  }
  if (service === 'disabled') return fail('the service TermService is disabled', REPAIR);
  if (denied) {
    return fail(
      `Remote Desktop is switched off${byPolicy ? ' by policy' : ''}: nobody could log in to a restored machine`,
      byPolicy ? 'Change the policy "Allow users to connect remotely by using Remote Desktop Services".' : REPAIR,
    );
  }
  if (lostCertificate !== undefined) {
    return fail(
      `Remote Desktop is to show the certificate ${lostCertificate.slice(0, 8)}…, which is in no store: it admits nobody`,
      'Let it make one of its own:\n$ quiesced repair win.rdp',
    );
  }
  if (adapter !== 0) {
    return warn(`Remote Desktop listens on one adapter only (${adapter}), and a restored machine has another`, REPAIR);
  }
  if (port !== RDP_PORT) {
    return warn(
      `Remote Desktop listens on port ${port}: rules of Azure for a new machine open ${RDP_PORT}`,
      `Have port ${port} opened after a restore, or set it back:\n$ reg add "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp" /v PortNumber /t REG_DWORD /d ${RDP_PORT} /f`,
    );
  }
  if (networkLevel === 0) {
    return warn('Remote Desktop asks who somebody is only after the connection is made', REPAIR);
  }
  return pass(`port ${port}`);
}

export const serialConsoleOfWindows: Check = {
  id: 'win.bcd',
  group: 'restore',
  title: 'The serial console of Windows is on',
  platforms: ['windows'],
  needsRoot: true,
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    const serial = await serialConsoleOf(system);
    if (serial === undefined) return skip('the boot configuration names no default');
    return restoreLimit(context, judgeEms(serial.on));
  },
};

export const judgeEms = (on: boolean): Result =>
  on
    ? pass('EMS is on')
    : warn(
        'EMS is off: when a restored machine does not come onto the network, nobody can look into it',
        'Have it switched on:\n$ quiesced repair win.bcd',
      );
