import t from 'tap';
import { isRegistryValue, placeOf, type RegistryValue, sameValue, valuePath } from '../../../agent/system/registry.ts';
import { fakeRegistry } from '../../fakes/registry.ts';
import { array, assert, json, property, string } from '../../fast-check.ts';

const KEY = 'HKLM\\SOFTWARE\\x';

t.test('a value is found by its key and its name, whatever stands in the name', async (t) => {
  t.equal(valuePath(KEY, 'ProxyEnable'), `${KEY}\\ProxyEnable`);
  t.equal(valuePath(KEY, ''), `${KEY}\\`, 'the nameless one');
  t.strictSame(placeOf(`${KEY}\\`), { key: KEY, name: '' });
  t.strictSame(placeOf('nothing'), { key: '', name: 'nothing' });
  assert(
    property(string({ unit: 'binary' }), (name) => {
      t.strictSame(placeOf(valuePath(KEY, name)), { key: KEY, name });
    }),
  );
  assert(
    property(array(string({ minLength: 1 }).map((part) => part.replaceAll('\\', '/'))), (parts) => {
      const key = ['HKLM', ...parts].join('\\');
      t.strictSame(placeOf(valuePath(key, 'a\\b')), { key, name: 'a\\b' });
    }),
  );
  const registry = fakeRegistry();
  await registry.write(valuePath(KEY, 'C:\\a'), { type: 'dword', data: 1 });
  t.strictSame(await registry.names(KEY), ['C:\\a']);
  t.strictSame(await registry.keys(KEY), [], 'no key comes of it');
  t.match(await registry.read(valuePath(KEY, 'c:\\A')), { data: 1 });
});

t.test('what is a value, and which are the same', async (t) => {
  const values: readonly RegistryValue[] = [
    { type: 'dword', data: 1 },
    { type: 'sz', data: '1' },
    { type: 'binary', data: '01' },
    { type: 'multi-sz', data: [] },
    { type: 'multi-sz', data: ['a', 'b'] },
  ];
  for (const value of values) {
    const again: unknown = JSON.parse(JSON.stringify(value));
    t.ok(isRegistryValue(again), JSON.stringify(value));
    t.ok(sameValue(value, again as RegistryValue));
    t.strictSame(
      values.filter((other) => sameValue(value, other)),
      [value],
    );
    t.notOk(sameValue(value, undefined));
  }
  t.ok(sameValue(undefined, undefined));
  const wrong = [undefined, null, 1, [], { type: 'dword', data: '1' }, { type: 'sz' }, { type: 'qword', data: 1 }];
  for (const value of [...wrong, { type: 'multi-sz', data: 'a' }, { type: 'multi-sz', data: [1] }]) {
    t.notOk(isRegistryValue(value), JSON.stringify(value));
  }
  assert(property(json(), (text) => typeof isRegistryValue(JSON.parse(text)) === 'boolean'));
});
