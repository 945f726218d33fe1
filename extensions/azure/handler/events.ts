import { readableList } from '../../../agent/system/readable.ts';
import type { Handler } from './handler.ts';

/** What the agent takes in one message, and what the folder may hold; beyond it events are lost, not the disk. */
const MESSAGE_CHARS = 3000;
const FOLDER_FILES = 300;
const EVENTS_MOST = 20;

/** Events for the telemetry of the agent, one file a job; best effort, since nobody waits for them. */
export async function writeEvents(handler: Handler, taskId: string, lines: readonly string[]): Promise<void> {
  const { system, environment, version, log } = handler;
  const folder = environment.eventsFolder;
  if (folder === undefined || (await system.stat(folder)) === undefined) return;
  if ((await readableList(system, folder)).length >= FOLDER_FILES) return;
  const now = system.clock.now();
  const events = lines.slice(-EVENTS_MOST).map((line) => ({
    Version: version,
    Timestamp: now.toISOString(),
    TaskName: 'Enable',
    EventLevel: 'Info',
    Message: line.slice(0, MESSAGE_CHARS),
    EventPid: String(process.pid),
    EventTid: String(process.pid),
    OperationId: taskId,
  }));
  try {
    // The name is a number, and the last effect a rename: the agent reads every file that it finds.
    await system.write(`${folder}/${now.getTime()}000000.json`, JSON.stringify(events), { mode: 0o600 });
  } catch (error) {
    log.warn(`events could not be written: ${String(error)}`);
  }
}
