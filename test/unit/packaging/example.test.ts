import t, { type Test } from 'tap';
import { loadConfig } from '../../../agent/config/load.ts';
import { SCHEMA } from '../../../agent/config/schema.ts';
import { exampleConfiguration } from '../../../packaging/example.ts';
import { fakeSystem } from '../../fakes/system.ts';

const text = exampleConfiguration();

async function loaded(t: Test, written: string) {
  const system = fakeSystem({ files: { '/etc/quiesced/quiesced.conf': written } });
  t.teardown(system.cleanUp);
  return loadConfig(system);
}

t.test('as it is installed it sets nothing', async (t) => {
  const { sources, files } = await loaded(t, text);
  t.strictSame(files, ['/etc/quiesced/quiesced.conf']);
  t.strictSame(
    Object.values(sources).filter(({ from }) => from === 'file'),
    [],
  );
});

t.test('every key stands in its section, and what is shown is a value that it takes', async (t) => {
  const { sources } = await loaded(t, text.replaceAll(/^#(?=\S)/gm, ''));
  const wanted = Object.entries(SCHEMA).flatMap(([section, keys]) =>
    Object.keys(keys).map((key) => `${section}.${key}`),
  );
  t.strictSame(
    Object.keys(sources)
      .filter((key) => sources[key]?.from === 'file')
      .sort(),
    wanted.sort(),
  );
});

t.test('fits a terminal', async (t) => {
  t.strictSame(
    text.split('\n').filter((line) => line.length > 80),
    [],
  );
});
