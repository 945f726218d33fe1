import type { Config } from '../config/schema.ts';
import type { Log } from '../log.ts';
import type { System } from '../system/system.ts';
import type { Evidence } from './outcome.ts';
import type { Phase } from './phases.ts';

export interface PreparePhaseOptions {
  readonly system: System;
  readonly log: Log;
  readonly scripts: Config['scripts'] | undefined;
  readonly required: boolean;
  readonly runId: string;
  readonly owe: (what: unknown) => Promise<void>;
}

export class PreparePhase implements Phase {
  readonly name = 'prepare';
  readonly required: boolean;
  readonly enterMs = 1000;
  readonly leaveMs = 1000;
  readonly lost = undefined;
  constructor(options: PreparePhaseOptions) {
    this.required = options.required;
  }
  get evidence(): Evidence['applications'] {
    return 'none';
  }
  async ready(): Promise<void> {}
  async enter(): Promise<void> {}
  async leave(): Promise<void> {}
}

export async function leaveOwedScripts(_system: System, _log: Log, _owed: unknown, _runId: string, _owe: (what: unknown) => Promise<void>): Promise<void> {}
