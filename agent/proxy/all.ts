import { agentConf } from './agent-conf.ts';
import { apt } from './apt.ts';
import { environment } from './environment.ts';
import { dnf, zypper } from './package-managers.ts';
import type { ProxyTarget } from './target.ts';
import { agentUnit, ownUnit } from './units.ts';
import { localSystem, winHttp } from './windows.ts';

/** Every place, in the order in which they are changed. */
export const proxyTargets: readonly ProxyTarget[] = [
  environment,
  agentConf,
  agentUnit,
  ownUnit,
  apt,
  dnf,
  zypper,
  localSystem,
  winHttp,
];
