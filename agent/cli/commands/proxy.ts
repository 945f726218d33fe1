import { backupUnderWay } from '../../backup-under-way.ts';
import { loadConfig } from '../../config/load.ts';
import { UserError, usageError } from '../../errors.ts';
import { changeProxy, type ProxyChange, type ProxyParts, previewProxy } from '../../proxy/change.ts';
import { disagreements } from '../../proxy/disagreements.ts';
import { consumersOf, readPlaces } from '../../proxy/effective.ts';
import type { ProxyRequest } from '../../proxy/plan.ts';
import { type ProxySettings, proxySettings } from '../../proxy/settings.ts';
import { settleUnlessBusy } from '../../proxy/settle.ts';
import { fromConfig, fromCurrentUser, fromEnvironment, items } from '../../proxy/sources.ts';
import type { System } from '../../system/system.ts';
import type { Command, CommandContext } from '../context.ts';
import { proxyChangeJson, proxyViewJson, renderProxyChange, renderProxyView } from '../render-proxy.ts';
import { testProxy } from './proxy-test.ts';

export const proxy: Command = async (context) => {
  const { system } = context;
  const [verb = ''] = context.given.words;
  refuseOtherFlags(context, verb);
  const parts: ProxyParts = { system, backupUnderWay: () => backupUnderWay(system) };
  if (verb === 'show') return show(context, parts);
  if (verb === 'test') return testProxy(context, isGiven(context) ? await wantedOf(context) : undefined);
  const request = await requestOf(context, verb);
  const applied = verb !== 'plan' && !context.given.switches.has('dry-run');
  const change = await (applied ? carryOut : preview)(context, parts, request);
  const told = { ...change, notes: [...change.notes, ...(await managed(context, request))] };
  if (context.json) print(context, proxyChangeJson(request.do, applied, told));
  else context.print(renderProxyChange(applied, told, context.width));
  return 0;
};

/** Every flag with the verbs that take it. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  url: ['plan', 'apply', 'test'],
  bypass: ['plan', 'apply', 'test'],
  'from-environment': ['plan', 'apply', 'test'],
  'from-current-user': ['plan', 'apply', 'test'],
  endpoint: ['test'],
  cloud: ['test'],
  packages: ['plan', 'apply'],
  'dry-run': ['apply', 'clear', 'undo'],
  'no-restart': ['plan', 'apply', 'clear', 'undo'],
  force: ['undo'],
};

function refuseOtherFlags({ given }: CommandContext, verb: string): void {
  const wrong = [...given.switches, ...given.values.keys()].find((flag) => !(FLAGS[flag]?.includes(verb) ?? true));
  if (wrong !== undefined) throw usageError(`proxy ${verb} takes no --${wrong}`, 'proxy');
}

async function show(context: CommandContext, parts: ProxyParts): Promise<number> {
  const settled = await settleUnlessBusy(parts, 'quiesced proxy show');
  const places = await readPlaces(parts.system);
  const consumers = consumersOf(places);
  const view = { places, consumers, problems: [...settled, ...disagreements(consumers)] };
  if (context.json) print(context, proxyViewJson(view));
  else context.print(renderProxyView(view, context.width));
  return 0;
}

async function requestOf(context: CommandContext, verb: string): Promise<ProxyRequest> {
  const { switches } = context.given;
  if (verb === 'clear') return { do: 'clear' };
  if (verb === 'undo') return { do: 'undo', force: switches.has('force') };
  return { do: 'apply', wanted: await wantedOf(context), packages: switches.has('packages') };
}

const isGiven = ({ given }: CommandContext): boolean =>
  ['url', 'bypass'].some((name) => given.values.has(name)) || SOURCES.some((name) => given.switches.has(name));

/** Where the proxy may be taken from, instead of an address. */
const SOURCES = ['from-environment', 'from-current-user'] as const;

/** By the command line, else by the configuration. */
async function wantedOf({ given, system }: CommandContext): Promise<ProxySettings> {
  const url = given.values.get('url')?.[0];
  const bypass = (given.values.get('bypass') ?? []).flatMap(items);
  const [from, other = url && 'url'] = SOURCES.filter((name) => given.switches.has(name));
  if (from !== undefined && other !== undefined)
    throw usageError(`--${other} and --${from} exclude each other`, 'proxy');
  if (url !== undefined) return proxySettings(url, bypass, '--url');
  if (from === 'from-environment') return fromEnvironment(system, bypass);
  if (from === 'from-current-user') return currentUsers(system, bypass);
  const wanted = fromConfig((await loadConfig(system)).config);
  if (wanted !== undefined) return { ...wanted, bypass: [...new Set([...wanted.bypass, ...bypass])] };
  throw new UserError('proxy.none', 'no proxy is named: neither by --url nor by [proxy] url', {
    remedy: 'Name it: quiesced proxy apply --url http://HOST:PORT',
  });
}

function currentUsers(system: System, bypass: readonly string[]): Promise<ProxySettings> {
  if (system.platform === 'windows') return fromCurrentUser(system, bypass);
  throw usageError('--from-current-user is for Windows, where a user has a proxy of his own', 'proxy');
}

const restartOf = ({ given }: CommandContext) => (given.switches.has('no-restart') ? 'none' : 'all');

async function preview(context: CommandContext, parts: ProxyParts, request: ProxyRequest): Promise<ProxyChange> {
  const settled = await settleUnlessBusy(parts, `quiesced proxy ${request.do} --dry-run`);
  const change = await previewProxy(parts, request, restartOf(context));
  return { ...change, notes: [...settled, ...change.notes] };
}

const carryOut = (context: CommandContext, parts: ProxyParts, request: ProxyRequest): Promise<ProxyChange> =>
  changeProxy(parts, request, restartOf(context), ({ runs }) => {
    for (const { argv } of runs) context.note(`quiesced: will run ${argv.join(' ')}\n`);
  });

/** What is taken out would be put back by the daemon. */
async function managed({ system }: CommandContext, request: ProxyRequest) {
  if (request.do === 'apply') return [];
  const config = await loadConfig(system).then(
    (loaded) => loaded.config,
    () => undefined,
  );
  if (config?.proxy.manage !== true || config.proxy.url === undefined) return [];
  const remedy = 'Set manage = no in [proxy] first.';
  return [{ message: '[proxy] manage = yes: the daemon puts it back at its next readiness run.', remedy }];
}

const print = (context: CommandContext, value: unknown): void =>
  context.print(`${JSON.stringify(value, undefined, 2)}\n`);
