import { join } from 'node:path';
import { UserError } from '../../../agent/errors.ts';
import type { System } from '../../../agent/system/system.ts';
import { fieldsOf } from '../fields.ts';

/** Where the VM agent wants things: `HandlerEnvironment.json`, reference waagent.md §3. */
export interface HandlerEnvironment {
  /** The versioned folder that the package was unpacked to. */
  readonly folder: string;
  readonly logFolder: string;
  readonly configFolder: string;
  readonly statusFolder: string;
  /** Undefined for an agent that takes no events. */
  readonly eventsFolder: string | undefined;
}

/** Throws a `UserError` (`azure.environment`) that names the file and the key. */
export async function readEnvironment(system: System, folder: string): Promise<HandlerEnvironment> {
  const path = join(folder, 'HandlerEnvironment.json');
  const text = await system.readText(path);
  if (text === undefined) throw unusable(path, 'is missing');
  return { folder, ...parseEnvironment(text, path) };
}

/** A list of one object, or that object: as upstream reads it. */
export function parseEnvironment(text: string, path: string): Omit<HandlerEnvironment, 'folder'> {
  const value = json(text.replace(/^\uFEFF/, ''));
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== 'object' || first === null) throw unusable(path, 'is not a list of one object');
  const problems: { key: string; what: string }[] = [];
  const fields = fieldsOf(first, '', problems).object('handlerEnvironment');
  const folder = (key: string) => fields?.needed(key, fields.text) ?? '';
  const read = {
    logFolder: folder('logFolder'),
    configFolder: folder('configFolder'),
    statusFolder: folder('statusFolder'),
    eventsFolder: fields?.text('eventsFolder') ?? fields?.text('eventsFolder_preview'),
  };
  const [problem] = problems;
  if (problem !== undefined) throw unusable(path, `${problem.key} ${problem.what}`);
  if (fields === undefined) throw unusable(path, 'handlerEnvironment is missing');
  return read;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unusable = (path: string, what: string): UserError =>
  new UserError('azure.environment', `${path}: ${what}`, {
    remedy:
      'The VM agent writes it before it calls a handler: restart it, and see its log (/var/log/waagent.log, C:\\WindowsAzure\\Logs\\WaAppAgent.log)',
  });
