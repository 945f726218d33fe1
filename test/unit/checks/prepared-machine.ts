import { chmodSync, chownSync, mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import type { Check, Finding, Verdict } from '../../../agent/checks/check.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import type { System } from '../../../agent/system/system.ts';
import { AZURE, machine, type Scene } from './machine.ts';

/** What a scene's files have besides their text. */
export interface Prepared extends Scene {
  readonly modes?: Readonly<Record<string, number>>;
  readonly owners?: Readonly<Record<string, number>>;
  /** How long before now, in milliseconds, a file was changed. */
  readonly ages?: Readonly<Record<string, number>>;
  /** A path that this process has open and locked. */
  readonly locked?: { readonly path: string; readonly pid: number; readonly command: string };
}

/** Makes the machine as the scene says, and finds what one check says of it. */
export async function findPrepared(check: Check, scene: Prepared): Promise<Finding> {
  const { system, cleanUp } = machine({ ...scene, files: { ...scene.files, ...lockFiles(scene) } });
  try {
    prepare(system, scene);
    const [finding] = await runChecks(system, [check], { facts: scene.facts ?? AZURE });
    if (finding === undefined) throw new Error(`${check.id} does not exist on ${system.platform}`);
    return finding;
  } finally {
    cleanUp();
  }
}

function prepare(system: System, { modes = {}, owners = {}, ages = {}, locked, now = new Date() }: Prepared): void {
  // The fake's `/proc` stands below its root too, but not for a system that calls itself live.
  for (const [path, mode] of Object.entries(modes)) chmodSync(system.resolve(path), mode);
  for (const [path, uid] of Object.entries(owners)) chownSync(system.resolve(path), uid, 0);
  for (const [path, ageMs] of Object.entries(ages)) {
    const seconds = (now.getTime() - ageMs) / 1000;
    utimesSync(system.resolve(path), seconds, seconds);
  }
  if (locked === undefined) return;
  const link = system.resolve(`/proc/${locked.pid}/fd/7`);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(system.resolve(locked.path), link);
}

const lockFiles = ({ locked }: Prepared): Readonly<Record<string, string>> =>
  locked === undefined
    ? {}
    : {
        '/proc/locks': `1: POSIX  ADVISORY  WRITE ${locked.pid} 08:01:2108 0 EOF\n`,
        [`/proc/${locked.pid}/comm`]: `${locked.command}\n`,
        [`/proc/${locked.pid}/fdinfo/7`]: `pos:\t0\nlock:\t1: POSIX  ADVISORY  WRITE ${locked.pid} 08:01:2108 0 EOF\n`,
      };

/** One machine for one check. */
export type Row = readonly [id: string, name: string, verdict: Verdict, detail: RegExp, scene: Prepared];

/** A test a row; each check must have a machine where it passes and one where it does not. */
export function testPrepared(checks: readonly Check[], rows: readonly Row[]): void {
  for (const [id, name, verdict, detail, scene] of rows) {
    t.test(`${id}: ${name}`, async (t) => {
      const check = checks.find((one) => one.id === id);
      if (check === undefined) throw new Error(`${id} is not in the list`);
      const finding = await findPrepared(check, scene);
      t.equal(finding.verdict, verdict, finding.detail);
      t.match(finding.detail, detail);
      if (verdict === 'fail' || verdict === 'warn') t.ok(finding.remedy, 'says what to do');
    });
  }
  for (const { id } of checks) {
    const verdicts = rows.filter(([tested]) => tested === id).map(([, , verdict]) => verdict);
    t.ok(verdicts.includes('pass'), `${id} passes somewhere`);
    t.ok(
      verdicts.some((verdict) => ['warn', 'fail', 'info'].includes(verdict)),
      `${id} finds something somewhere`,
    );
  }
}
