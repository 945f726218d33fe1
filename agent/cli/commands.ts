import type { Command } from './context.ts';

/** The function of each command, loaded when it is called: `--help` and the guard start without the rest. */
export const RUN: Readonly<Record<string, Command>> = {
  check: async (context) => (await import('./commands/check.ts')).check(context),
  health: async (context) => (await import('./commands/health.ts')).health(context),
  explain: async (context) => (await import('./commands/explain.ts')).explain(context),
  rehearse: async (context) => (await import('./commands/rehearse.ts')).rehearse(context),
  snapshot: async (context) => (await import('./commands/snapshot.ts')).snapshot(context),
  hold: async (context) => (await import('./commands/hold.ts')).hold(context),
  freeze: async (context) => (await import('./commands/hold.ts')).freeze(context),
  release: async (context) => (await import('./commands/release.ts')).release(context),
  thaw: async (context) => (await import('./commands/thaw.ts')).thaw(context),
  status: async (context) => (await import('./commands/status.ts')).status(context),
  quiescers: async (context) => (await import('./commands/quiescers.ts')).quiescers(context),
  history: async (context) => (await import('./commands/history.ts')).history(context),
  config: async (context) => (await import('./commands/config.ts')).config(context),
  daemon: async (context) => (await import('./commands/daemon.ts')).daemon(context),
  service: async (context) => (await import('./commands/service.ts')).service(context),
  'support-bundle': async (context) => (await import('./commands/support-bundle.ts')).supportBundle(context),
  integrate: async (context) => (await import('./commands/integrate.ts')).integrate(context),
  proxy: async (context) => (await import('./commands/proxy.ts')).proxy(context),
  guard: async (context) => (await import('./commands/internal.ts')).guard(context),
  recover: async (context) => (await import('./commands/internal.ts')).recover(context),
  'keep-hold': async (context) => (await import('./commands/keep-hold.ts')).keepHold(context),
  'thaw-overdue': async (context) => (await import('./commands/thaw-overdue.ts')).thawOverdue(context),
  'sqlite-session': async (context) => (await import('./commands/internal.ts')).sqliteSession(context),
  'sandbox-writer': async (context) => (await import('./commands/internal.ts')).sandboxWriter(context),
};
