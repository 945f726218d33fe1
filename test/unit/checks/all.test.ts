import t from 'tap';
import { allChecks } from '../../../agent/checks/all.ts';
import { GROUPS } from '../../../agent/checks/check.ts';

const ids = allChecks.map(({ id }) => id);

t.strictSame(
  ids.filter((id, index) => ids.indexOf(id) !== index),
  [],
  'every id is there once',
);
t.strictSame(
  ids.filter((id) => !/^[a-z]+(\.[a-z0-9]+(-[a-z0-9]+)*)+$/.test(id)),
  [],
  'dotted kebab-case',
);
t.strictSame(
  allChecks.filter(({ group }) => !(group in GROUPS)).map(({ id }) => id),
  [],
  'a group that is shown',
);

for (const { id, title, dependsOn = [], source } of allChecks) {
  t.strictSame(
    dependsOn.filter((other) => !ids.includes(other)),
    [],
    `${id} depends on checks that exist`,
  );
  t.ok(title.length <= 60 && !title.endsWith('.'), `${id} has a title that fits a line`);
  t.ok(source !== undefined && source !== '', `${id} says where its threshold comes from`);
}

t.test('no check depends on itself, however far round', async (t) => {
  const reaches = (from: string, seen: readonly string[] = []): readonly string[] =>
    (allChecks.find(({ id }) => id === from)?.dependsOn ?? []).flatMap((id) =>
      seen.includes(id) ? [id] : [id, ...reaches(id, [...seen, id])],
    );
  for (const id of ids) t.notOk(reaches(id).includes(id), id);
});
