/** Every check there is, on a machine of which one file, or the answer of one program, is not as it should be. */
import { allChecks } from '../../../agent/checks/all.ts';
import type { Check } from '../../../agent/checks/check.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import { checksOn } from '../../../agent/checks/select.ts';
import { gatherFacts } from '../../../agent/system/facts.ts';
import { HEALTHY } from '../../unit/checks/healthy-machine.ts';
import { AZURE } from '../../unit/checks/machine.ts';
import { memorySystem } from '../memory-system.ts';
import type { FuzzTarget } from '../target.ts';

/** They ask the host, over a network that is not there. */
const ASKS_HOST = ['net.wireserver80', 'net.hostga32526', 'net.dns', 'net.service-tags'];
const checks = checksOn('linux', allChecks).filter(({ id }) => !ASKS_HOST.includes(id));

const files = new Map(
  Object.entries(HEALTHY.files).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
const { programs, modes } = HEALTHY;

/** By file or program: the checks that look at it on the healthy machine. */
const users = new Map<string, readonly Check[]>();

async function findUsers(): Promise<() => Promise<void>> {
  for (const check of checks) {
    const system = memorySystem({
      files,
      programs,
      modes,
      onUse(what) {
        const known = users.get(what) ?? [];
        if (!known.includes(check)) users.set(what, [...known, check]);
      },
    });
    await runChecks(system, [check], { facts: AZURE });
  }
  return async () => users.clear();
}

/** The input is `PLACE\n` and the text that stands there instead. */
async function changed(input: Buffer): Promise<void> {
  const text = input.toString('utf8');
  const end = text.indexOf('\n');
  const place = text.slice(0, end);
  const concerned = users.get(place);
  if (end < 0 || concerned === undefined) return;
  const instead = text.slice(end + 1);
  const system = Object.hasOwn(programs, place)
    ? memorySystem({ files, modes, programs: { ...programs, [place]: { stdout: instead, stderr: instead } } })
    : memorySystem({ files: new Map([...files, [place, instead]]), programs, modes });
  const findings = await runChecks(system, concerned, {
    facts: { ...AZURE, ...(await gatherFacts(system)), cloud: AZURE.cloud },
  });
  const broken = findings.find(({ verdict }) => verdict === 'error');
  if (broken !== undefined) throw new Error(`${broken.id}: ${broken.detail}`);
}

const answers = ['systemctl', 'dpkg', 'timedatectl', 'chronyc', 'dmesg', 'stat', 'ip', 'nft', 'iptables-save'];
const ANSWERS: Readonly<Record<string, string>> = {
  systemctl: 'Id=walinuxagent.service\nLoadState=loaded\nActiveState=active\n',
  stat: '4096 100000 77000 77000 10000 9600 /\n',
  ip: '[{"dev":"eth0","prefsrc":"10.0.0.4"}]',
};

const program = (name: string): string => {
  const known = programs[name];
  return typeof known === 'object' ? (known.stdout ?? '') : (ANSWERS[name] ?? '');
};

export const machineTargets: readonly FuzzTarget[] = [
  {
    name: 'checks',
    covers: [],
    samples: [
      ...[...files].filter(([, text]) => !text.startsWith('-> ')).map(([path, text]) => `${path}\n${text}`),
      ...answers.map((name) => `${name}\n${program(name)}`),
    ],
    prepare: findUsers,
    read: changed,
  },
];
