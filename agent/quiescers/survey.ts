import { dirname } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { redact } from '../redact.ts';
import { type DatabaseInstance, runningInstances } from '../system/database-instances.ts';
import type { System } from '../system/system.ts';
import { volumesHolding } from '../system/windows-volumes.ts';
import { quiescerKinds } from './all.ts';
import type { ConfiguredQuiescer, Detected } from './quiescer.ts';
import { nameOf } from './unheld.ts';

/** What runs here, what would be held, and what is missing. JSON: schema 1, docs/schema/quiescers.schema.json. */
export interface Survey {
  readonly databases: readonly SurveyedDatabase[];
  readonly quiescers: readonly SurveyedQuiescer[];
}

export interface SurveyedDatabase extends Pick<DatabaseInstance, 'kind' | 'pid' | 'sockets' | 'ports' | 'contained'> {
  readonly title: string;
  /** The id of the quiescer that would hold it. */
  readonly heldBy?: string;
  /** The lines that would have it held; absent for one that is, or that cannot be held from here. */
  readonly add?: readonly string[];
}

export interface SurveyedQuiescer {
  readonly id: string;
  readonly title: string;
  readonly detected?: Detected;
  /** On Windows: where those volumes are mounted that its folders lie on. One shadow copy must hold all of them. */
  readonly volumes?: readonly string[];
  /** Why it could not be asked. */
  readonly error?: { readonly message: string; readonly remedy?: string };
}

/** For each application, and all at the same time. */
const ASK_MS = 10_000;

/** Asks every application that is configured, and looks for those that are not; holds nothing. */
export async function survey(system: System, quiescers: readonly ConfiguredQuiescer[]): Promise<Survey> {
  const [databases, asked] = await Promise.all([
    surveyDatabases(system, quiescers),
    Promise.all(quiescers.map((quiescer) => ask(system, quiescer))),
  ]);
  return { databases, quiescers: asked };
}

/** The first half alone: nobody is connected to. */
export async function surveyDatabases(
  system: System,
  quiescers: readonly ConfiguredQuiescer[],
): Promise<readonly SurveyedDatabase[]> {
  const instances = await runningInstances(system);
  return instances.map((instance) => {
    const { kind, pid, sockets, ports, contained } = instance;
    const title = nameOf(instance);
    const heldBy = quiescers.find((quiescer) => quiescer.pick(instances) === instance)?.id;
    const told = { kind, title, pid, sockets, ports, contained };
    if (heldBy !== undefined) return { ...told, heldBy };
    return contained ? told : { ...told, add: linesFor(instance, instances) };
  });
}

async function ask({ volumes }: System, quiescer: ConfiguredQuiescer): Promise<SurveyedQuiescer> {
  const { id, title } = quiescer;
  try {
    const detected = await quiescer.detect(AbortSignal.timeout(ASK_MS));
    if (volumes === undefined) return { id, title, detected };
    return { id, title, detected, volumes: volumesHolding(await volumes.list(), detected.folders) };
  } catch (error) {
    const remedy = error instanceof UserError && error.remedy !== undefined ? { remedy: error.remedy } : {};
    return { id, title, error: { message: redact(messageOf(error)), ...remedy } };
  }
}

/** For quiesced.conf; the instance is named where it is not the only one of its kind. */
function linesFor(instance: DatabaseInstance, all: readonly DatabaseInstance[]): readonly string[] {
  const { kind, sockets, ports } = instance;
  const held = quiescerKinds.find(({ id }) => id === kind);
  // What has no quiescer of its own is held by a session that somebody has to describe.
  if (held === undefined)
    return [
      `[quiescer session.${kind}]`,
      `# the other lines: docs/quiescers.md, "${nameOf(instance)}"`,
      `covers = ${kind}`,
    ];
  const alike = all.filter((other) => held.serves.includes(other.kind) && !other.contained && !other.doubtful);
  if (alike.length === 1 && alike[0] === instance) return [`[quiescer ${kind}]`];
  const [socket] = sockets;
  const port = ports[0] ?? /\.(\d+)$/.exec(socket ?? '')?.[1];
  const name = port ?? instance.pid;
  const why = instance.doubtful
    ? ['# run by a login user, or its socket is in a folder of another:', '# it is connected to only where it is named']
    : [];
  if (kind === 'postgresql' && socket !== undefined)
    return [
      ...why,
      `[quiescer ${kind}.${name}]`,
      `socket-folder = ${dirname(socket)}`,
      ...(port === undefined ? [] : [`port = ${port}`]),
    ];
  if (socket === undefined && port === undefined)
    return [
      ...why,
      `[quiescer ${kind}.${name}]`,
      '# where it listens is not known: say it here, see docs/quiescers.md',
    ];
  return [...why, `[quiescer ${kind}.${name}]`, socket === undefined ? `port = ${port}` : `socket = ${socket}`];
}
