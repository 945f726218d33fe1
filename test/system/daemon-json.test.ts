import { daemonTest, TAKER } from './daemon-rig.ts';
import { points } from './loop-outcome.ts';
import { conforms } from './schemas.ts';

daemonTest('what the daemon answers is what docs/control-api.md says', async (t, { rig, daemon, mounted }) => {
  const mounts = points(mounted);
  const hold = { kind: 'hold', mounts };
  const refusal = (route: Parameters<typeof daemon.ask>[0], body?: unknown) =>
    daemon.ask(route, body).then(
      () => t.fail('it was not refused'),
      ({ code, message, remedy }) => ({ schema: 1, error: { code, message, ...(remedy && { remedy }) } }),
    );

  conforms(t, 'control-status', await daemon.status());
  conforms(t, 'health', await daemon.ask('health'));
  conforms(t, 'history', await daemon.ask('history'));
  conforms(t, 'report', await daemon.ask('check', { only: ['os.*'] }));
  conforms(t, 'error', await refusal('check', { group: ['nonsense'] }));
  conforms(t, 'error', await refusal('release'));
  conforms(t, 'error', await refusal('hold', { ...hold, deadlineMs: 1e9 }));
  conforms(t, 'error', await refusal('hold', { kind: 'freeze', mounts: ['/nowhere'] }));
  t.match(await refusal('snapshot', { mounts }), { error: { code: 'snapshot.no-taker' } });
  rig.configure('[freeze]\nexclude = /*\n');
  t.match(await refusal('hold', { kind: 'freeze' }), { error: { code: 'freeze.nothing' } });

  conforms(t, 'run', await daemon.ask('hold', hold));
  const held = await daemon.status();
  conforms(t, 'control-status', held);
  t.match(held, { run: { state: 'held' } });
  conforms(t, 'error', await refusal('snapshot', {}));
  conforms(t, 'outcome', await daemon.ask('release'));
  conforms(t, 'outcome', await daemon.ask('snapshot', { rehearsal: true, mounts }));
  conforms(t, 'outcome', await daemon.ask('snapshot', { command: TAKER, mounts }));
  const { outcomes } = await daemon.ask<{ outcomes: readonly unknown[] }>('history');
  t.equal(outcomes.length, 3);
});
