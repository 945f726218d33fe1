/** `quiesced proxy` is killed at every call that changes a file; the next command settles it, and undo still works. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { changeProxy } from '../../agent/proxy/change.ts';
import type { ProxyRequest } from '../../agent/proxy/plan.ts';
import { settleUnlessBusy } from '../../agent/proxy/settle.ts';
import { localSystem } from '../../agent/system/local.ts';
import { WANTED } from '../unit/proxy/machines.ts';
import { whyNot } from './check-rig.ts';
import { killedEverywhere } from './kill-sweep.ts';

const MACHINE = join(import.meta.dirname, '../fixtures/proxy/already-set');
const APPLY: ProxyRequest = { do: 'apply', wanted: WANTED, packages: true };
const FLAGS = ['--url', 'http://10.0.0.8:3128', '--bypass', '.internal.example', '--packages'];

const here = (root: string) => ({
  system: localSystem({ root, live: false, env: {} }),
  backupUnderWay: async () => undefined,
});
const change = (request: ProxyRequest) => (root: string) => changeProxy(here(root), request, 'none');
const UNDO = change({ do: 'undo', force: false });

const WAYS = {
  plant: (root: string) => cpSync(MACHINE, root, { recursive: true, verbatimSymlinks: true }),
  settle: (root: string) => settleUnlessBusy(here(root), 'test'),
  undo: UNDO,
};

const options = { skip: whyNot(), timeout: 240_000 };

t.test('apply', options, (t) =>
  killedEverywhere(t, {
    ...WAYS,
    prepare: async () => undefined,
    command: ['proxy', 'apply', ...FLAGS],
    again: change(APPLY),
    every: 1,
  }),
);

t.test('undo', options, (t) =>
  killedEverywhere(t, { ...WAYS, prepare: change(APPLY), command: ['proxy', 'undo'], again: UNDO, every: 4 }),
);
