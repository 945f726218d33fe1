import { hostsBehindProxy } from '../proxy/disagreements.ts';
import { type Consumer, consumersOf, readPlaces } from '../proxy/effective.ts';
import { shownValue } from '../proxy/shown.ts';
import type { System } from '../system/system.ts';
import { type Check, fail, info, pass, type Result, skip, warn } from './check.ts';
import { PROXY } from './limits.ts';

/** Who would take which proxy after its next start; gathered once per run, through `context.evidence`. */
export const gatherConsumers = async (system: System): Promise<readonly Consumer[]> =>
  consumersOf(await readPlaces(system));

const NONE = 'no proxy is set';
const APPLY = 'Set it in every place at once, which also writes the list of exceptions:';

/** With the proxy that is set, where that is one that can be applied. */
const apply = (proxy: string): string => {
  const url = /^http:\/\/[^@\s]+:\d+\/?$/.test(proxy) ? proxy : 'http://HOST:PORT';
  return `${APPLY}\n$ quiesced proxy apply --url ${url}`;
};

interface Judged extends Pick<Check, 'id' | 'title' | 'source' | 'platforms'> {
  readonly judge: (consumers: readonly Consumer[]) => Result;
}

const about = ({ judge, ...check }: Judged): Check => ({
  ...check,
  group: 'network',
  run: async (_system, context) => judge(await context.evidence(gatherConsumers)),
});

/** The one place that extensions take it from is the environment of the agent's unit. */
export const extensionsHaveProxy: Check = about({
  id: 'proxy.env-vs-service',
  platforms: ['linux'],
  title: 'Extensions go the way of the VM agent',
  source: PROXY.source,
  judge: judgeExtensions,
});

export function judgeExtensions(consumers: readonly Consumer[]): Result {
  const set = consumers.find(({ id, proxy }) => proxy !== undefined && id !== 'extensions');
  const extensions = consumers.find(({ id }) => id === 'extensions');
  if (set?.proxy === undefined && extensions?.proxy === undefined) return pass(NONE);
  if (extensions === undefined) return skip('there is no VM agent whose extensions could go by a proxy');
  if (set?.proxy === undefined || extensions.proxy === set.proxy) return pass(shownValue(extensions.proxy ?? ''));
  const theirs = extensions.proxy === undefined ? 'directly' : `by ${shownValue(extensions.proxy)}`;
  return warn(
    `${shownValue(set.proxy)} is set in ${set.path}, which extensions do not see: they go ${theirs}`,
    apply(set.proxy),
  );
}

export const hostIsBypassed: Check = about({
  id: 'proxy.bypass',
  title: "Azure's host is looked for behind no proxy",
  source: PROXY.source,
  judge: judgeBypass,
});

/** A person's login is not on the way to Azure, but tools that he starts are. */
export function judgeBypass(consumers: readonly Consumer[]): Result {
  const lost = consumers.filter((consumer) => hostsBehindProxy(consumer).length > 0);
  const [worst] = lost.toSorted((a, b) => Number(a.id === 'logins') - Number(b.id === 'logins'));
  if (worst?.proxy === undefined) {
    return pass(consumers.some(({ proxy }) => proxy !== undefined) ? 'it is in every list of exceptions' : NONE);
  }
  const detail = `${lost.map((each) => each.about).join('; ')}: the list of exceptions does not name ${hostsBehindProxy(worst).join(' and ')}`;
  return (worst.id === 'logins' ? warn : fail)(detail, apply(worst.proxy));
}

export const proxyIsPlain: Check = about({
  id: 'proxy.scheme',
  title: 'The proxy is spoken to by plain HTTP',
  source: PROXY.schemeSource,
  judge: judgeScheme,
});

export function judgeScheme(consumers: readonly Consumer[]): Result {
  const set = consumers.filter(({ proxy }) => proxy !== undefined);
  const over = set.find(({ proxy }) => /^https:/i.test(proxy ?? ''));
  if (over?.proxy === undefined) return pass(set.length === 0 ? NONE : 'http://');
  const result = warn(
    `${over.path} names ${shownValue(over.proxy)}, to which TLS is spoken: not every program can, and the VM agent does not`,
    'Give the port of the proxy that takes plain HTTP; what passes through is encrypted all the same:\n$ quiesced proxy apply --url http://HOST:PORT',
  );
  return { ...result, hidesDependants: true };
}

export const snapshotIgnoresProxy: Check = about({
  id: 'proxy.vmsnapshot',
  platforms: ['linux'],
  title: 'The backup extension needs no proxy',
  source: PROXY.snapshotSource,
  judge: judgeSnapshot,
});

/** The condition in its code is inverted. */
export function judgeSnapshot(consumers: readonly Consumer[]): Result {
  if (!consumers.some(({ id, proxy }) => proxy !== undefined && id !== 'logins')) return pass(NONE);
  return info(
    "Microsoft's backup extension goes to storage directly, whatever proxy is set; it needs storage only where it takes the snapshot itself: see net.storage443",
  );
}
