import t from 'tap';
import { describeConfig } from '../../../agent/config/describe.ts';
import { SCHEMA } from '../../../agent/config/schema.ts';
import { load, MAIN } from '../../fakes/config.ts';

const shownAs = async (text: string, section: string, key: string): Promise<string | undefined> =>
  describeConfig(await load(text)).find((row) => row.section === section && row.key === key)?.value;

t.test('every key of the table, in its order, with its default', async (t) => {
  const rows = describeConfig(await load({}));
  t.strictSame(
    rows.map(({ section, key }) => [section, key]),
    Object.entries(SCHEMA).flatMap(([section, keys]) => Object.keys(keys).map((key) => [section, key])),
  );
  t.ok(rows.every(({ source }) => source.from === 'default'));
  const values = rows.filter(({ value }) => value !== undefined).map(({ key, value }) => `${key}=${value}`);
  t.strictSame(values, [
    'frozen-deadline=10s',
    'quiesce-deadline=3m',
    'on-failure=continue',
    'taker=none',
    'backup-type=copy',
    'keep=1',
    'expedite=yes',
    'timeout=30s',
    'retries=0',
    'readiness=6h',
    'rehearsal=off',
    'manage=no',
    'level=info',
  ]);
});

t.test('values as they would be written, with their source', async (t) => {
  const rows = describeConfig(
    await load('[scripts]\npre = "/a; b"\n[freeze]\nexclude=/a ,type:xfs\n[schedule]\nreadiness = off\n'),
  );
  t.match(
    rows.find(({ key }) => key === 'pre'),
    { value: '"/a; b"', source: { from: 'file', file: MAIN, line: 2 } },
  );
  t.equal(rows.find(({ key }) => key === 'exclude')?.value, '/a, type:xfs');
  t.equal(rows.find(({ key }) => key === 'readiness')?.value, 'off');
});

t.test('secrets are hidden', async (t) => {
  const proxy = (url: string) => shownAs(`[proxy]\nurl = "${url}"`, 'proxy', 'url');
  t.equal(await proxy('http://me:hunter2@proxy:3128'), 'http://me:[redacted]@proxy:3128');
  t.equal(await proxy('http://me:hun;t@er2@proxy:3128/'), 'http://me:[redacted]@proxy:3128/');
  t.equal(await proxy('http://proxy:3128'), 'http://proxy:3128');

  const notify = (url: string) => shownAs(`[notify]\nurl = "${url}"`, 'notify', 'url');
  t.equal(await notify('https://hooks.example/services/T00/B00/hunter2'), 'https://hooks.example/[redacted]');
  t.equal(await notify('https://me:hunter2@hooks.example?x=hunter2'), 'https://me:[redacted]@hooks.example/[redacted]');

  const quiescer = (line: string, key: string) => shownAs(`[quiescer pg]\n${line}`, 'quiescer pg', key);
  t.equal(await quiescer('password = hunter2 and more', 'password'), '[redacted]');
  t.equal(await quiescer('dsn = postgres://me:hunter2@db/x', 'dsn'), 'postgres://me:[redacted]@db/x');
  t.equal(await quiescer('port = 5432', 'port'), '5432');
  t.equal(await quiescer('port = 5432', 'enabled'), 'yes');
});
