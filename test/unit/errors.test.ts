import { open } from 'node:fs/promises';
import t from 'tap';
import { exhaustionOf, UserError } from '../../agent/errors.ts';

t.test('what a process may run out of is no bug', async (t) => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM']) {
    const error = Object.assign(new Error(`${code}: too many, open '/x'`), { code });
    const told = exhaustionOf(error);
    t.match(told, { code: 'system.exhausted', message: /open '\/x'$/, exitCode: 1, cause: error });
    t.ok(told?.remedy);
  }
});

t.test('anything else stays what it is', async (t) => {
  const missing = await open('/nowhere/x').catch((error: unknown) => error);
  for (const error of [missing, new UserError('a.b', 'c'), 'text', undefined, { code: 'EMFILE' }]) {
    t.equal(exhaustionOf(error), undefined);
  }
});
