import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { defaultConfig } from '../../../agent/config/load.ts';
import type { Config } from '../../../agent/config/schema.ts';
import { notifyProgram, notifyUrl } from '../../../agent/reporters/notify.ts';
import type { RunOptions, System } from '../../../agent/system/system.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';
import { problem, told } from './told.ts';

const PROGRAM = '/usr/local/sbin/tell';
const FAILED = { verdict: 'fail', problems: [problem('fail', 'agent.running')] } as const;

async function rig(t: Test, notify: Partial<Config['notify']>, tell: FakeProgram = {}) {
  const inputs: string[] = [];
  const fake = fakeSystem({ files: { [PROGRAM]: '#!/bin/sh\n' } });
  t.teardown(() => fake.cleanUp());
  let answer = tell;
  const ran: (readonly string[])[] = [];
  const system: System = {
    ...fake,
    env: { QUIESCED_TEST: '1' },
    async run(argv: readonly string[], options: RunOptions) {
      ran.push(argv);
      inputs.push(options.input ?? '');
      const result = typeof answer === 'function' ? await answer(argv, options) : answer;
      return { ended: 'exited', exitCode: 0, stdout: '', stderr: '', ...result };
    },
  };
  const config = { ...(await defaultConfig('linux')), notify: { onFailure: undefined, url: undefined, ...notify } };
  return {
    system,
    parts: { system, config },
    ran,
    inputs,
    answer: (next: FakeProgram) => {
      answer = next;
    },
  };
}

t.test('a program is told once, by its input', async (t) => {
  const { system, parts, ran, inputs } = await rig(t, { onFailure: PROGRAM });
  await notifyProgram.report(told(FAILED), parts);
  await notifyProgram.report(told(FAILED), parts);
  t.strictSame(ran, [[system.resolve(PROGRAM), 'worse', 'fail']]);
  t.match(JSON.parse(inputs[0] ?? ''), {
    schema: 1,
    event: 'worse',
    hostname: 'web-01',
    verdict: 'fail',
    worse: [{ id: 'agent.running', verdict: 'fail', title: 'Title of agent.running' }],
  });
  t.ok(inputs[0]?.endsWith('\n'));
  t.match(await system.stat('/var/lib/quiesced/notify-program.json'), { mode: 0o600 });

  await notifyProgram.report(told(), parts);
  t.equal(ran.length, 1, 'what becomes better is not told');
  await notifyProgram.report(told(FAILED), parts);
  t.equal(ran.length, 2, 'but it is news when it comes back');
});

t.test('nothing is wrong: nothing is told', async (t) => {
  const { parts, ran } = await rig(t, { onFailure: PROGRAM });
  await notifyProgram.report(told(), parts);
  t.strictSame(ran, []);
});

t.test('without configuration nothing is done nor remembered', async (t) => {
  const { system, parts, ran } = await rig(t, {});
  await notifyProgram.report(told(FAILED), parts);
  await notifyUrl.report(told(FAILED), parts);
  t.strictSame(ran, []);
  t.equal(await system.stat('/var/lib/quiesced'), undefined);
});

t.test('a program that fails is called again at the next run', async (t) => {
  const { parts, ran, answer } = await rig(t, { onFailure: PROGRAM }, { exitCode: 3, stderr: 'token=hunter2 refused' });
  await t.rejects(notifyProgram.report(told(FAILED), parts), {
    message: `${PROGRAM}: exit code 3: token=[redacted] refused`,
  });
  answer({ ended: 'timed-out', exitCode: undefined });
  await t.rejects(notifyProgram.report(told(FAILED), parts), { message: /timed-out/ });
  answer({});
  await notifyProgram.report(told(FAILED), parts);
  await notifyProgram.report(told(FAILED), parts);
  t.equal(ran.length, 3);
});

t.test('a program that others may write is not run', async (t) => {
  const { system, parts, ran } = await rig(t, { onFailure: PROGRAM });
  const stat: System['stat'] = async (path) => {
    const found = await system.stat(path);
    return found && path === PROGRAM ? { ...found, mode: 0o777, uid: 0 } : found && { ...found, mode: 0o755, uid: 0 };
  };
  const live = { ...parts, system: { ...system, live: true, stat } };
  await t.rejects(notifyProgram.report(told(FAILED), live), { code: 'notify.unsafe', message: /is writable by group/ });
  t.strictSame(ran, []);
});

/** A server on loopback that answers with these codes, one after the other. */
async function server(t: Test, codes: readonly number[]) {
  const bodies: string[] = [];
  const left = [...codes];
  const listener = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(`${request.method} ${request.headers['content-type']} ${body}`);
      response.writeHead(left.shift() ?? 200, { location: '/elsewhere' }).end();
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => listener.close());
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook/hunter2`, bodies };
}

t.test('an address gets it by POST', async (t) => {
  const { url, bodies } = await server(t, [200, 500, 302, 204]);
  const { parts, ran } = await rig(t, { url });
  await notifyUrl.report(told(FAILED), parts);
  await notifyUrl.report(told(FAILED), parts);
  t.equal(bodies.length, 1);
  const [, method, type, body] = /^(\S+) (\S+) (.*)$/.exec(bodies[0] ?? '') ?? [];
  t.strictSame([method, type], ['POST', 'application/json']);
  t.match(JSON.parse(body ?? ''), { schema: 1, verdict: 'fail', worse: [{ id: 'agent.running' }] });

  const more = { ...FAILED, problems: [...FAILED.problems, problem('warn', 'os.load')] };
  for (const code of [500, 302]) {
    const error = await notifyUrl.report(told(more), parts).catch((thrown: Error) => thrown);
    t.match(error, { message: new RegExp(`^127\\.0\\.0\\.1:\\d+: .*${code}`) });
    t.notMatch(String(error), /hunter2/, 'the path of a webhook is its password');
  }
  await notifyUrl.report(told(more), parts);
  t.equal(bodies.length, 4, 'told when it works again; a redirection is not followed');
  t.strictSame(ran, []);
});

t.test('nobody listens', async (t) => {
  const { parts } = await rig(t, { url: 'http://127.0.0.1:9/hook/hunter2' });
  await t.rejects(notifyUrl.report(told(FAILED), parts), { message: /^127\.0\.0\.1:9: / });
});

t.test('tests stay on loopback', async (t) => {
  const { parts } = await rig(t, { url: 'https://monitor.example/hook' });
  await t.rejects(notifyUrl.report(told(FAILED), parts), { code: 'test.network' });
});
