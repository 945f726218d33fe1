/** What `waagent --version` says. */
export interface WaagentVersion {
  /** The package's: the daemon. */
  readonly daemon: string;
  /** The one that runs extensions; the daemon's when it says nothing (before 2016: WALinuxAgent#424). */
  readonly goalState: string;
  readonly python: string | undefined;
}

/**
 * Reads the lines wherever they stand, since warnings of Python may come between them:
 *
 *     WALinuxAgent-2.7.3.0 running on debian 12
 *     Python: 3.11.2
 *     Goal state agent: 2.7.3.0
 *
 * Agents up to 2.0 print the first line alone. Where Python cannot tell the distribution (3.8 and later without the
 * `distro` module) its name is empty. Undefined when there is no such line.
 */
export function parseWaagentVersion(output: string): WaagentVersion | undefined {
  const daemon = /^[ \t]*WALinuxAgent-(\d+(?:\.\d+)*)/m.exec(output)?.[1];
  if (daemon === undefined) return undefined;
  return {
    daemon,
    goalState: /^[ \t]*Goal state agent:[ \t]*(\d+(?:\.\d+)*)/m.exec(output)?.[1] ?? daemon,
    python: /^[ \t]*Python:[ \t]*(\d+(?:\.\d+)*)/m.exec(output)?.[1],
  };
}

/** Negative when `a` is older. Missing parts are 0: 2.2.53 is older than 2.2.53.1. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let part = 0; part < Math.max(left.length, right.length); part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
