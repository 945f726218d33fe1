import { registryNumber } from '../system/registry.ts';
import type { ServiceState } from '../system/service-states.ts';
import { type Check, fail, info, pass, type Result, warn } from './check.ts';
import { DOT_NET, SOURCES } from './limits.ts';
import { isOutOfOrder, servicesOf, type Wanted } from './windows-services.ts';

/** What the registry says of .NET; undefined where it says nothing. */
export interface DotNet {
  readonly release: number | undefined;
  /** SchUseStrongCrypto, of programs of 64 and of 32 bits. */
  readonly strong: readonly (number | undefined)[];
}

const RELEASE = 'HKLM\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full\\Release';
const STRONG = ['SOFTWARE', 'SOFTWARE\\WOW6432Node'].map(
  (root) => `HKLM\\${root}\\Microsoft\\.NETFramework\\v4.0.30319\\SchUseStrongCrypto`,
);

/** The agent and the backup extension for Windows are programs of .NET. */
export const dotNetIsNewEnough: Check = {
  id: 'agent.dotnet',
  group: 'agent',
  title: '.NET is new enough, and uses TLS 1.2',
  platforms: ['windows'],
  dependsOn: ['agent.installed'],
  source: DOT_NET.source,
  async run(system) {
    const [release, ...strong] = await Promise.all([RELEASE, ...STRONG].map((path) => registryNumber(system, path)));
    return judgeDotNet({ release, strong });
  },
};

export function judgeDotNet({ release, strong }: DotNet): Result {
  if (release === undefined || release < DOT_NET.v45) {
    return fail(
      `${release === undefined ? 'no .NET 4.5' : `.NET is of release ${release}`}: the VM agent needs 4.5 or newer`,
      'Install .NET Framework 4.8: https://dotnet.microsoft.com/download/dotnet-framework',
    );
  }
  const remedy = `Let it use TLS 1.2, then restart the machine:\n${STRONG.map(
    (path) => `$ reg add "${path.slice(0, path.lastIndexOf('\\'))}" /v SchUseStrongCrypto /t REG_DWORD /d 1 /f`,
  ).join('\n')}`;
  if (strong.includes(0)) return warn('SchUseStrongCrypto is 0: .NET is told to use old versions of TLS', remedy);
  if (!strong.includes(undefined)) return pass(`release ${release}, with strong cryptography`);
  const unset = 'SchUseStrongCrypto is not set';
  return release >= DOT_NET.v47
    ? info(`release ${release}; ${unset}, which matters to programs made for a .NET before 4.7 only`, remedy)
    : warn(`release ${release}, and ${unset}: it may use versions of TLS that Azure refuses`, remedy);
}

interface Need extends Wanted {
  readonly account?: string;
  /** What for. */
  readonly why: string;
}

/** How each must be, as far as it matters to whoever installs and runs the extension. */
const NEEDED = {
  MSDTC: { account: 'NT AUTHORITY\\NetworkService', why: 'COM+ applications of the extension are registered with it' },
  CryptSvc: { starts: ['auto'], runs: true, why: 'certificates and the System Writer need it' },
  msiserver: { why: 'the extension installs the runtime library of Visual C++' },
} as const satisfies Record<string, Need>;
type Needed = keyof typeof NEEDED;

/** Of the COM+ services and VSS itself, `vss.service` tells. */
export const installersCanWork: Check = {
  id: 'agent.services-win',
  group: 'agent',
  title: 'The services that the extension is installed by can work',
  platforms: ['windows'],
  source: SOURCES.troubleshoot,
  async run(system) {
    return judgeInstallers(await servicesOf(system, Object.keys(NEEDED) as Needed[]));
  },
};

export function judgeInstallers(services: Readonly<Record<Needed, ServiceState | undefined>>): Result {
  for (const name of Object.keys(NEEDED) as Needed[]) {
    const { why, account, ...wanted }: Need = NEEDED[name];
    const service = services[name];
    if (service === undefined) return fail(`the service ${name} is missing: ${why}`, 'Repair Windows:\n$ sfc /scannow');
    const wrong = isOutOfOrder(service, wanted);
    if (wrong !== undefined) {
      const start = wanted.starts?.includes('auto') ? 'auto' : 'demand';
      return fail(`${name} ${wrong}: ${why}`, `$ sc.exe config ${name} start= ${start}\n$ net start ${name}`);
    }
    if (account !== undefined && service.account.toLowerCase() !== account.toLowerCase()) {
      return fail(
        `${name} runs as ${service.account || 'nobody'}, and must as ${account}: ${why}`,
        `$ sc.exe config ${name} obj= "${account}" password= ""\n$ net stop ${name}\n$ net start ${name}`,
      );
    }
  }
  return pass(Object.keys(NEEDED).join(', '));
}
