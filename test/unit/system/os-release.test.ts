import t from 'tap';
import { distributionOf, parseOsRelease, readDistribution } from '../../../agent/system/os-release.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { array, assert, constantFrom, oneof, property, string, tuple } from '../../fast-check.ts';

t.test('as a shell would read it, without its expansions', async (t) => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['bare', 'ID=debian', 'debian'],
    ['double quotes', 'ID="sles"', 'sles'],
    ['single quotes', "ID='ol'", 'ol'],
    ['an escaped quote', 'ID="a\\"b"', 'a"b'],
    ['a backslash in single quotes', "ID='a\\b'", 'a\\b'],
    ['the last one counts', 'ID=a\nID=b', 'b'],
    ['a comment', '#ID=a', undefined],
    ['CRLF', 'ID=debian\r\n', 'debian'],
    ['an open quote', 'ID="debian', '"debian'],
    ['one quote alone', 'ID="', '"'],
    ['no value', 'ID=', ''],
    ['a line separator of Unicode', 'ID=a\u2028b', 'a\u2028b'],
    ['blanks around', '  ID=debian  ', 'debian'],
    ['no assignment', 'ID', undefined],
  ];
  for (const [name, text, wanted] of cases) t.equal(parseOsRelease(text).get('ID'), wanted, name);
});

t.test('defaults of the manual', async (t) => {
  t.strictSame(distributionOf(parseOsRelease('')), {
    id: 'linux',
    versionId: undefined,
    variantId: undefined,
    prettyName: 'Linux',
    idLike: [],
  });
  t.strictSame(
    distributionOf(parseOsRelease('ID=Rocky\nVERSION_ID="9.4"\nNAME=Rocky\nID_LIKE="rhel  centos fedora"')),
    {
      id: 'rocky',
      versionId: '9.4',
      variantId: undefined,
      prettyName: 'Rocky',
      idLike: ['rhel', 'centos', 'fedora'],
    },
  );
});

t.test('two places, /etc first', async (t) => {
  const read = async (files: Record<string, string>) => {
    const system = fakeSystem({ files });
    t.teardown(() => system.cleanUp());
    return (await readDistribution(system))?.id;
  };
  t.equal(await read({ '/etc/os-release': 'ID=a', '/usr/lib/os-release': 'ID=b' }), 'a');
  t.equal(await read({ '/usr/lib/os-release': 'ID=b' }), 'b');
  t.equal(await read({ '/etc/os-release': '-> ../usr/lib/os-release', '/usr/lib/os-release': 'ID=c' }), 'c');
  t.equal(await read({}), undefined);
});

t.test('any text has a reading', async (t) => {
  const line = oneof(
    string(),
    tuple(constantFrom('ID', 'NAME', 'ID_LIKE', ''), constantFrom('=', '="', "='"), string()).map((parts) =>
      parts.join(''),
    ),
  );
  assert(
    property(array(line), (lines) => {
      const { id, prettyName, idLike } = distributionOf(parseOsRelease(lines.join('\n')));
      return id !== '' && prettyName !== '' && idLike.every((one) => one !== '');
    }),
  );
  t.pass('total');
});

t.test('what a distribution writes quoted comes back', async (t) => {
  assert(
    property(string(), (value) => {
      const oneLine = value.replace(/[\r\n]/g, '');
      const quoted = oneLine.replace(/[\\"$`]/g, '\\$&');
      return parseOsRelease(`NAME="${quoted}"`).get('NAME') === oneLine;
    }),
  );
  t.pass('round trip');
});
