import { nearest } from '../config/nearest.ts';
import { UserError } from '../errors.ts';
import type { CheckRequest, HoldRequest, SnapshotRequest } from './protocol.ts';

/** The keys of each body, and what their values must be. */
const texts = { is: (value: unknown) => Array.isArray(value) && value.every(isText), as: 'a list of texts' };
const flag = { is: (value: unknown) => typeof value === 'boolean', as: 'true or false' };
const kind = { is: (value: unknown) => value === 'hold' || value === 'freeze', as: '"hold" or "freeze"' };
const time = { is: isTime, as: 'a time in milliseconds, above 0' };

type Keys<Body> = { readonly [K in keyof Required<Body>]: { is(value: unknown): boolean; readonly as: string } };

const CHECK: Keys<CheckRequest> = { only: texts, skip: texts, group: texts };
const SNAPSHOT: Keys<SnapshotRequest> = { rehearsal: flag, command: texts, mounts: texts };
const HOLD: Keys<HoldRequest> = { kind, freeze: flag, deadlineMs: time, mounts: texts };

export const checkRequest = (body: unknown): CheckRequest => shaped(body, CHECK, []);
export const snapshotRequest = (body: unknown): SnapshotRequest => shaped(body, SNAPSHOT, []);
export const holdRequest = (body: unknown): HoldRequest => shaped(body, HOLD, ['kind']);

/** NUL ends a text for the kernel: what stands behind it would be looked at by us and by nobody else. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function shaped<Body>(body: unknown, keys: Keys<Body>, required: readonly (keyof Body & string)[]): Body {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw bad('the body must be a JSON object');
  const known = Object.keys(keys);
  for (const [key, value] of Object.entries(body)) {
    const near = nearest(key, known);
    if (!Object.hasOwn(keys, key)) {
      throw bad(`there is no key ${JSON.stringify(key)}${near === undefined ? '' : `; did you mean "${near}"?`}`);
    }
    const { is, as } = keys[key as keyof Body];
    if (!is(value)) throw bad(`${JSON.stringify(key)} must be ${as}`);
  }
  for (const key of required) if (!Object.hasOwn(body, key)) throw bad(`the key "${key}" is missing`);
  return body as Body;
}

export const bad = (message: string): UserError =>
  new UserError('control.bad-request', message, { remedy: 'The shapes are described in docs/control-api.md.' });
