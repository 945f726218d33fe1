import { chmodSync, existsSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { allChecks } from '../../../agent/checks/all.ts';
import type { Check, Finding } from '../../../agent/checks/check.ts';
import { networkChecksWith } from '../../../agent/checks/network.ts';
import { type Report, readiness } from '../../../agent/checks/report.ts';
import type { System } from '../../../agent/system/system.ts';
import { type Machine, withClock } from './healthy-machine.ts';
import { answering, type Loopback, refusing, securely, silent } from './loopback.ts';
import { machine } from './machine.ts';

/** Stands for a service that nobody listens for. */
export const REFUSED = 'refused';

/** In a link's text: the private root. */
const LEADS_TO = '-> $ROOT';

const SILENT_MS = 300;
/** For servers that answer: a busy machine may take its time. */
const AMPLE_MS = 10_000;

/** No deadline of a check is to pass because the machine that runs the tests is busy. */
const PATIENT_MS = 60_000;

/** Makes the machine and its host, and asks every check there is about it; `deadlines`: their own, not patient ones. */
export async function reportOf(given: Machine, { deadlines = false } = {}): Promise<Report> {
  const files = Object.entries(given.files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]]));
  const { system, cleanUp } = machine({ files: Object.fromEntries(files), programs: given.programs });
  const host = await Promise.all([given.imds, given.wireServer, given.hostGaPlugin].map(serving));
  const storage = await (given.storage === REFUSED ? refusing() : securely(given.storage));
  const [imds, wireServer, hostGaPlugin] = host as [Loopback, Loopback, Loopback];
  try {
    prepare(system, given);
    const service = (server: Loopback, path: string, answer: string | undefined) => ({
      url: `http://127.0.0.1:${server.port}${path}`,
      timeoutMs: answer === undefined ? SILENT_MS : AMPLE_MS,
    });
    const checks = withHost(
      networkChecksWith(
        {
          wireServer: service(wireServer, '/?comp=versions', given.wireServer),
          hostGaPlugin: service(hostGaPlugin, '/versions', given.hostGaPlugin),
        },
        [{ purpose: 'chosen', url: `https://127.0.0.1:${storage.port}` }],
      ),
    );
    const asked = deadlines ? checks : checks.map((check) => ({ ...check, timeoutMs: PATIENT_MS }));
    return await readiness(system, { checks: asked, imdsEndpoint: `http://127.0.0.1:${imds.port}/metadata/instance` });
  } finally {
    for (const server of [...host, storage]) server.stop();
    cleanUp();
  }
}

const serving = (answer: string | undefined): Promise<Loopback> => {
  if (answer === undefined) return silent();
  return answer === REFUSED ? refusing() : answering(withClock(answer));
};

/** The whole list, with those that ask the host asking ours. */
const withHost = (ours: readonly Check[]): readonly Check[] =>
  allChecks.map((check) => ours.find(({ id }) => id === check.id) ?? check);

function prepare(system: System, { files, modes, ages }: Machine): void {
  for (const [path, text] of Object.entries(files)) if (text?.startsWith(LEADS_TO)) leadTo(system, path, text);
  for (const [path, mode] of Object.entries(modes)) chmodSync(system.resolve(path), mode);
  for (const [path, ageMs] of Object.entries(ages)) {
    const file = system.resolve(path);
    const seconds = (Date.now() - ageMs) / 1000;
    if (existsSync(file)) utimesSync(file, seconds, seconds);
  }
}

/** A descriptor leads to where the file really is, the private root and all. */
function leadTo(system: System, path: string, text: string): void {
  const link = join(system.resolve(dirname(path)), basename(path));
  rmSync(link, { force: true });
  symlinkSync(system.resolve(text.slice(LEADS_TO.length)), link);
}

type Findings = Pick<Report, 'findings'>;

/** What two reports say differently, by name: the new verdict, and by whom it is hidden. */
export function differences(before: Findings, after: Findings): readonly string[] {
  const changes = after.findings.flatMap((finding, at) => {
    const was = before.findings[at] as Finding;
    if (was.id !== finding.id) throw new Error(`${finding.id} stands where ${was.id} stood`);
    if (was.verdict === finding.verdict && was.hiddenBy === finding.hiddenBy) return [];
    const hidden = finding.hiddenBy === undefined ? '' : ` by ${finding.hiddenBy}`;
    return [`${finding.id} ${finding.verdict}${hidden}`];
  });
  return changes.toSorted();
}
