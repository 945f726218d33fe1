import { X509Certificate } from 'node:crypto';
import { isThere, modifiedMs, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import type { AgentService } from '../system/waagent-unit.ts';
import { type Check, fail, pass, type Result, warn } from './check.ts';
import { MACHINE_KEYS, SOURCES } from './limits.ts';
import { restarts } from './vm-agent-life.ts';
import { gatherWaagent } from './waagent.ts';
import { judgeStoredCertificates, storedCertificates } from './windows-certs.ts';
import { judgeKeyFolder } from './windows-keys.ts';

/** A certificate of the agent, by its file. */
export interface AgentCertificate {
  /** `TransportCert.pem`, or `THUMBPRINT.crt`. */
  readonly name: string;
  /** Undefined when the file holds no certificate. */
  readonly endsMs: number | undefined;
  readonly hasKey: boolean;
}

/** The certificate that the newest settings of an extension are encrypted for. */
export interface WantedCertificate {
  readonly extension: string;
  readonly thumbprint: string;
}

const TRANSPORT = 'TransportCert.pem';

/** Without them the agent cannot open protected settings, which carry what the backup extension may do. */
export const certificatesAreValid: Check = {
  id: 'agent.certs',
  group: 'agent',
  title: 'The certificates of the VM agent are valid',
  needsRoot: true,
  dependsOn: ['agent.installed'],
  source: `${SOURCES.troubleshoot}; ${MACHINE_KEYS.source}`,
  async run(system, context) {
    if (system.platform === 'windows') {
      const stored = judgeStoredCertificates(await storedCertificates(system), system.clock.now().getTime());
      if (stored.verdict !== 'pass') return stored;
      const folder = await judgeKeyFolder(system);
      return folder.verdict === 'pass' ? pass(`${stored.detail}; ${folder.detail}`) : folder;
    }
    const { libDir, service } = await context.evidence(gatherWaagent);
    const [certificates, wanted] = await Promise.all([readCertificates(system, libDir), readWanted(system, libDir)]);
    return judgeCertificates(certificates, wanted, system.clock.now().getTime(), service);
  },
};

/** Old certificates stay in the folder; only those in use count. */
export function judgeCertificates(
  certificates: readonly AgentCertificate[],
  wanted: readonly WantedCertificate[],
  nowMs: number,
  service: AgentService | undefined,
): Result {
  if (certificates.length === 0) {
    return warn(
      'there is no certificate yet: the agent has not reached Azure',
      `See why not:\n$ tail -n 50 /var/log/waagent.log`,
    );
  }
  const renew = `The agent asks for new ones when it starts:\n${restarts(service)}`;
  const inUse = [TRANSPORT, ...wanted.map(({ thumbprint }) => `${thumbprint}.crt`)];
  const used = certificates.filter(({ name }) => inUse.includes(name));
  const ended = used.filter(({ endsMs }) => endsMs !== undefined && endsMs < nowMs);
  if (ended.length > 0) return fail(`expired: ${ended.map(nameAndDay).join(', ')}`, renew);
  const broken = used.filter(({ endsMs }) => endsMs === undefined);
  if (broken.length > 0) return fail(`not a certificate: ${broken.map(({ name }) => name).join(', ')}`, renew);
  const lost = wanted.filter(
    ({ thumbprint }) => !certificates.some(({ name, hasKey }) => hasKey && name === `${thumbprint}.crt`),
  );
  if (lost.length > 0) {
    const names = lost.map(({ extension }) => extension).join(', ');
    return warn(
      `the key for the settings of ${names} is gone: they cannot be opened until Azure sends new ones`,
      'Ask Azure for them, from outside the machine:\n$ az vm reapply --resource-group GROUP --name NAME',
    );
  }
  return pass(used.map(nameAndDay).join(', ') || `${certificates.length}, none in use`);
}

const nameAndDay = ({ name, endsMs }: AgentCertificate): string =>
  `${name.length > 24 ? `${name.slice(0, 8)}…` : name} until ${new Date(endsMs ?? 0).toISOString().slice(0, 10)}`;

async function readCertificates(system: System, libDir: string): Promise<readonly AgentCertificate[]> {
  const names = (await readableList(system, libDir)).filter(
    (name) => name === TRANSPORT || /^[0-9A-F]{40}\.crt$/i.test(name),
  );
  return Promise.all(
    names.map(async (name) => {
      const key = name === TRANSPORT ? 'TransportPrivate.pem' : name.replace(/\.crt$/, '.prv');
      return {
        name,
        endsMs: endOf((await readableText(system, `${libDir}/${name}`)) ?? ''),
        hasKey: await isThere(system, `${libDir}/${key}`),
      };
    }),
  );
}

/** Undefined when the text is no certificate. The agent's files hold OpenSSL's bag attributes before the PEM block. */
export function endOf(pem: string): number | undefined {
  const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) return undefined;
  try {
    const endsMs = new X509Certificate(block).validToDate.getTime();
    return Number.isNaN(endsMs) ? undefined : endsMs;
  } catch {
    return undefined;
  }
}

async function readWanted(system: System, libDir: string): Promise<readonly WantedCertificate[]> {
  const extensions = (await readableList(system, libDir)).filter((name) => /^[^-]+\.[^-]+-\d[\d.]*$/.test(name));
  const wanted = await Promise.all(
    extensions.map(async (extension) => {
      const thumbprint = thumbprintOf((await newestSettings(system, `${libDir}/${extension}/config`)) ?? '');
      return thumbprint === undefined ? undefined : { extension, thumbprint };
    }),
  );
  return wanted.filter((one) => one !== undefined);
}

/** By time: the highest number is not always the newest. */
async function newestSettings(system: System, folder: string): Promise<string | undefined> {
  const names = (await readableList(system, folder)).filter((name) => name.endsWith('.settings'));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, ms: (await modifiedMs(system, `${folder}/${name}`)) ?? 0 })),
  );
  const newest = dated.sort((a, b) => b.ms - a.ms)[0];
  return newest && readableText(system, `${folder}/${newest.name}`);
}

/** Only where there is something to open: without protected settings an extension needs no key. */
export const thumbprintOf = (settings: string): string | undefined =>
  /"protectedSettings"\s*:\s*"/.test(settings)
    ? /"protectedSettingsCertThumbprint"\s*:\s*"([0-9A-Fa-f]{40})"/.exec(settings)?.[1]?.toUpperCase()
    : undefined;
