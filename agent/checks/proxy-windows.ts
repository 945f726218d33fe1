import { FLAGS, parseConnectionSettings } from '../proxy/connection-settings.ts';
import { shownValue } from '../proxy/shown.ts';
import { CONNECTION_BLOBS, internetSettings, LOCAL_SYSTEM, winHttp } from '../proxy/windows.ts';
import type { System } from '../system/system.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { PROXY } from './limits.ts';

/** What each place says of LocalSystem's proxy: `host:port`, or nothing. */
export interface LocalSystemSigns {
  /** ProxyEnable and ProxyServer. */
  readonly plain: string | undefined;
  /** The binary values, which count where they and the plain ones differ; by name. */
  readonly binary: Readonly<Record<string, string | undefined>>;
  readonly winHttp: string | undefined;
  /** The policy by which all users, services too, have the settings of the machine. */
  readonly perMachine: boolean;
}

const POLICY = 'HKLM\\Software\\Policies\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\ProxySettingsPerUser';

export const localSystemAgrees: Check = {
  id: 'proxy.localsystem',
  group: 'network',
  title: 'LocalSystem has one proxy in all its settings',
  platforms: ['windows'],
  needsRoot: true,
  source: PROXY.windowsSource,
  async run(system) {
    if (system.registry === undefined) return skip('the registry is not read here');
    return judgeLocalSystem(await gatherLocalSystem(system));
  },
};

async function gatherLocalSystem(system: System): Promise<LocalSystemSigns> {
  const [plain, http, policy, ...blobs] = await Promise.all([
    internetSettings(system, LOCAL_SYSTEM),
    winHttp.read(system),
    system.registry?.read(POLICY),
    ...CONNECTION_BLOBS.map((name) => system.registry?.read(`${LOCAL_SYSTEM}\\Connections\\${name}`)),
  ]);
  return {
    plain: plain.find(({ name }) => name === 'ProxyServer')?.value,
    binary: Object.fromEntries(
      CONNECTION_BLOBS.map((name, at) => {
        const value = blobs[at];
        const settings = value?.type === 'binary' ? parseConnectionSettings(value.data) : undefined;
        return [name, settings !== undefined && (settings.flags & FLAGS.proxy) !== 0 ? settings.server : undefined];
      }),
    ),
    winHttp: http.find(({ name }) => name === 'proxy')?.value,
    perMachine: policy?.type === 'dword' && policy.data === 0,
  };
}

export function judgeLocalSystem({ plain, binary, winHttp: http, perMachine }: LocalSystemSigns): Result {
  const said = Object.entries({ ProxyServer: plain, ...binary, WinHTTP: http });
  const different = new Set(said.map(([, server]) => server));
  if (different.size === 1) return pass(plain === undefined ? 'no proxy is set' : shownValue(plain));
  const policy = perMachine ? ' (and by policy the settings of the machine hold for all: ProxySettingsPerUser)' : '';
  return warn(
    `not all say the same: ${said.map(([name, server]) => `${name} ${server === undefined ? 'none' : shownValue(server)}`).join(', ')}${policy}`,
    'Set it in all of them, for LocalSystem as for WinHTTP:\n$ netsh winhttp set proxy HOST:PORT "168.63.129.16;169.254.169.254;<local>"',
  );
}
