/** docs/control-api.md and the schemas of requests, held against what the server takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROUTES, type RouteName } from '../../../agent/control/protocol.ts';
import { checkRequest, holdRequest, snapshotRequest } from '../../../agent/control/requests.ts';
import { isAs } from '../../system/schemas.ts';

const DOCS = join(import.meta.dirname, '../../../docs');
const page = readFileSync(join(DOCS, 'control-api.md'), 'utf8');

const READERS: Partial<Record<RouteName, (body: unknown) => unknown>> = {
  check: checkRequest,
  snapshot: snapshotRequest,
  hold: holdRequest,
};

/** `ask -X POST http://quiesced/v1/holds -d '{…}'` */
const examples = [...page.matchAll(/^ {4}ask (?:-X (\w+) )?http:\/\/quiesced(\S+)(?: -d '(.+)')?$/gm)].map(
  ([, method = 'GET', path = '', body]) => ({ method, path, body }),
);

t.test('every route has its chapter, and an example that is accepted', async (t) => {
  const routes = Object.entries(ROUTES) as [RouteName, (typeof ROUTES)[RouteName]][];
  t.equal(examples.length, routes.length);
  for (const [name, { method, path }] of routes) {
    t.match(page, `\n## ${method} ${path}\n`, name);
    const example = examples.find((each) => each.method === method && each.path === path);
    t.ok(example, `an example of ${name}`);
    const read = READERS[name];
    t.equal(read !== undefined, example?.body !== undefined, `a body for ${name}`);
    if (read === undefined || example?.body === undefined) continue;
    const body = JSON.parse(example.body);
    t.strictSame(read(body), body);
    t.ok(isAs(`control-${name}-request`, body), 'as the schema says');
  }
});

t.test('what the schema of a request takes is what the server takes', async (t) => {
  const bodies = [
    {},
    { only: ['a'] },
    { only: [''] },
    { only: 'a' },
    { only: ['a\0'] },
    { kind: 'hold' },
    { kind: 'freeze', deadlineMs: 0.1, freeze: false, mounts: ['/a', '/b'] },
    { kind: 'hold', deadlineMs: 0 },
    { kind: 'hold', deadlineMs: '5s' },
    { kind: 'HOLD' },
    { rehearsal: true },
    { rehearsal: 1 },
    { command: ['/bin/x', '--y'], mounts: [] },
    { command: '/bin/x' },
    { unknown: 1 },
  ];
  for (const [name, read] of Object.entries(READERS)) {
    for (const body of bodies) {
      const accepted = takes(read, body);
      t.equal(isAs(`control-${name}-request`, body), accepted, `${name}: ${JSON.stringify(body)}`);
    }
  }
});

function takes(read: (body: unknown) => unknown, body: unknown): boolean {
  try {
    read(body);
    return true;
  } catch {
    return false;
  }
}

t.test('the examples of answers are as their schemas say, and every schema that is named exists', async (t) => {
  const answers = [...page.matchAll(/^```json\n([\s\S]+?)^```$/gm)].map(([, text]) => JSON.parse(text ?? ''));
  t.equal(answers.length, 2);
  t.ok(isAs('control-status', answers[0]));
  t.ok(isAs('error', answers[1]));
  for (const [, file] of page.matchAll(/\]\(schema\/([^)]+)\)/g)) {
    if (file !== undefined) t.doesNotThrow(() => readFileSync(join(DOCS, 'schema', file)), file);
  }
});
