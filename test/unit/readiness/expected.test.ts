import t from 'tap';
import { type ExpectationEvidence, expectedConsistency } from '../../../agent/readiness/expected.ts';
import { array, assert, boolean, constantFrom, property, record } from '../../fast-check.ts';

const FROZEN: ExpectationEvidence = {
  frozen: ['/', '/srv'],
  whyNoneFrozen: 'there is none that can be',
  unfreezable: [],
  preScripts: [],
  fileFaults: [],
  scriptFaults: [],
  required: false,
  held: [],
  unheld: [],
};

type Case = readonly [given: Partial<ExpectationEvidence>, consistency: string, reason: string];

const CASES: Readonly<Record<string, Case>> = {
  'nothing configured, nothing runs': [{}, 'file-system', 'nothing is set up to hold applications'],
  'a database that nothing holds': [
    { unheld: ['PostgreSQL'] },
    'file-system',
    'PostgreSQL runs and nothing quiesces it',
  ],
  'several of them': [
    { unheld: ['MariaDB', 'Redis', 'PostgreSQL'] },
    'file-system',
    'MariaDB, Redis and PostgreSQL run and nothing quiesces them',
  ],
  'a shadow copy': [{ byVss: true }, 'application', 'the VSS writers would hold their applications'],
  'a shadow copy, and a database without a writer': [
    { byVss: true, unheld: ['PostgreSQL'] },
    'file-system',
    'PostgreSQL runs and nothing quiesces it',
  ],
  'a shadow copy, and a pre script': [
    { byVss: true, preScripts: ['[scripts]'] },
    'application',
    'the pre scripts would run: [scripts]',
  ],
  'a pre script': [{ preScripts: ['[scripts]'] }, 'application', 'the pre scripts would run: [scripts]'],
  'a pre script and a database': [
    { preScripts: ['[scripts]'], unheld: ['PostgreSQL'] },
    'application',
    'the pre scripts would run: [scripts]; whether they hold PostgreSQL is for them to know',
  ],
  'a pre script that cannot run': [
    { preScripts: ['[scripts]'], scriptFaults: ['/x does not exist'] },
    'file-system',
    'the scripts cannot all run: /x does not exist',
  ],
  'a post script that cannot run, alone': [
    { scriptFaults: ['/x does not exist'] },
    'file-system',
    'nothing is set up to hold applications',
  ],
  'a file that names scripts and cannot be read': [
    { fileFaults: ['/etc/azure/x.json is no JSON'], held: ['PostgreSQL'] },
    'file-system',
    'the scripts cannot all run: /etc/azure/x.json is no JSON',
  ],
  'no snapshot without the scripts': [
    { preScripts: ['[scripts]'], scriptFaults: ['/x does not exist'], required: true },
    'none',
    'there is to be no snapshot without the scripts, and /x does not exist',
  ],
  'required, and all is well': [
    { preScripts: ['a', 'b'], required: true },
    'application',
    'the pre scripts would run: a and b',
  ],
  'an application is held': [{ held: ['PostgreSQL'] }, 'application', 'PostgreSQL would be held'],
  'one is held, another is not': [
    { held: ['PostgreSQL'], unheld: ['Redis'] },
    'file-system',
    'PostgreSQL would be held, but Redis runs too and nothing quiesces it',
  ],
  'one cannot be frozen': [
    { unfreezable: ['/tank', '/home'], held: ['PostgreSQL'] },
    'crash',
    '/tank and /home cannot be frozen',
  ],
  'none would be frozen': [
    { frozen: [], whyNoneFrozen: 'this is a container', preScripts: ['x'] },
    'crash',
    'no file system would be frozen: this is a container',
  ],
};

for (const [name, [given, consistency, reason]] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    t.strictSame(expectedConsistency({ ...FROZEN, ...given }), { consistency, reason });
  });
}

t.test('never more than the file systems allow, and always with a reason', async (t) => {
  const words = array(constantFrom('a', 'b', 'c'), { maxLength: 3 });
  const evidence = record<ExpectationEvidence>({
    frozen: words,
    whyNoneFrozen: constantFrom('x'),
    unfreezable: words,
    preScripts: words,
    fileFaults: words,
    scriptFaults: words,
    required: boolean(),
    held: words,
    unheld: words,
  });
  assert(
    property(evidence, (given) => {
      const { consistency, reason } = expectedConsistency(given);
      const frozen = given.frozen.length > 0 && given.unfreezable.length === 0;
      const some = given.preScripts.length + given.held.length > 0;
      if (consistency === 'application' && !(frozen && some)) return false;
      if (consistency === 'file-system' && !frozen) return false;
      return reason.length > 0 && !/undefined|\n/.test(reason);
    }),
  );
  t.pass('holds');
});
