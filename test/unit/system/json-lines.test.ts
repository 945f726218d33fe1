import t from 'tap';
import { objectsIn } from '../../../agent/system/json-lines.ts';

t.test('each whole object, oldest first; what is torn, empty or no object is left out', async (t) => {
  const separator = { name: 'a\u2028b' };
  const text = `{"a":1}\r\n\n[1]\n"x"\n{"torn":\nnull\n{ no }\n${JSON.stringify(separator)}\n{"b":2}`;
  t.strictSame(objectsIn(text), [{ a: 1 }, separator, { b: 2 }]);
  t.strictSame(objectsIn(''), []);
});
