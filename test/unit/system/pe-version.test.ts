import t from 'tap';
import { parsePeVersion } from '../../../agent/system/pe-version.ts';
import fc from '../../fast-check.ts';
import { FILE_VERSION, peFile } from '../../fixtures/pe-file.ts';

t.test('the version of a program', async (t) => {
  t.strictSame(parsePeVersion(peFile('2.7.41491.1095')), { file: FILE_VERSION, product: '2.7.41491.1095' });
  const number = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(fc.tuple(number, number, number, number), (numbers) => {
      const version = numbers.join('.');
      return parsePeVersion(peFile(version))?.product === version;
    }),
  );
});

t.test('none, and why that is no error', async (t) => {
  t.equal(parsePeVersion(peFile(undefined)), undefined, 'resources, but no version');
  t.equal(parsePeVersion(Buffer.alloc(0)), undefined, 'an empty file');
  t.equal(parsePeVersion(Buffer.from('#!/bin/sh\n')), undefined, 'a script');
  const whole = peFile('1.2.3.4');
  const cuts = Array.from({ length: 0x200 + 100 }, (_, length) => whole.subarray(0, length));
  t.ok(
    cuts.every((cut) => parsePeVersion(cut) === undefined),
    'one that was cut off',
  );
  const strayed = Buffer.from(whole);
  strayed.writeUInt32LE(0x7fff_ffff, 0x200 + 20);
  t.equal(parsePeVersion(strayed), undefined, 'a tree that leads out of the file');
});
