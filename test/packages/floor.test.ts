import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { filesOf } from '../../packaging/files.ts';
import { ROOT } from '../../packaging/repository.ts';
import { filesBelow, stage } from '../../packaging/stage.ts';
import { ARCHITECTURES, type Architecture, TARGETS } from '../../packaging/target.ts';

/** The newest version of each library's symbols that anything in a package may name. README.md and control.ts say it too. */
const FLOOR = { GLIBC: '2.28', GLIBCXX: '3.4.22', CXXABI: '1.3.11', GCC: '3.4' } as const;

/** glibc's own, and those of GCC that every distribution brings with it. */
const LIBRARIES =
  /^(ld-linux-(x86-64|aarch64)\.so\.[12]|lib(c\.so\.6|dl\.so\.2|m\.so\.6|pthread\.so\.0|gcc_s\.so\.1|stdc\+\+\.so\.6))$/;

const MACHINES: Readonly<Record<Architecture, string>> = { amd64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' };

for (const architecture of ARCHITECTURES) {
  const missing = ['readelf', TARGETS[architecture].strip].filter((name) => spawnSync(name, ['--version']).error);
  const skip = missing.length > 0 && `not installed here: ${missing.join(', ')}; sh test/packages/setup.sh`;
  t.test(`${architecture}: glibc ${FLOOR.GLIBC} and nothing newer`, { skip }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'quiesced-floor-'));
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    await stage(root, TARGETS[architecture], filesOf('tarball'));
    const programs = filesBelow(root).filter((path) => isElf(join(root, path)));
    t.match(programs, [/\/node$/, /\/koffi\.node$/]);
    t.equal(programs.length, 2, 'Node and koffi, and no other');
    for (const path of programs) assertFloor(t, join(root, path), path, MACHINES[architecture]);
  });
}

function assertFloor(t: Test, file: string, name: string, machine: string): void {
  const said = execFileSync('readelf', ['--wide', '--file-header', '--dynamic', '--version-info', file], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  t.match(said, new RegExp(`Machine: +${machine}`), `${name} is for this architecture`);
  const needed = [...said.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, library = '']) => library);
  t.strictSame(
    needed.filter((library) => !LIBRARIES.test(library)),
    [],
    `${name} is linked with nothing else`,
  );
  for (const [prefix, most] of Object.entries(FLOOR)) {
    const named = [...said.matchAll(new RegExp(`\\b${prefix}_(\\d[\\d.]*)`, 'g'))].map(([, version = '']) => version);
    const newer = named.filter((version) => version.localeCompare(most, 'en', { numeric: true }) > 0);
    t.strictSame([...new Set(newer)], [], `${name} names no ${prefix} newer than ${most}`);
  }
}

/** By the first four bytes. */
function isElf(path: string): boolean {
  const start = Buffer.alloc(4);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, start, 0, 4, 0);
  } finally {
    closeSync(descriptor);
  }
  return start.toString('latin1') === '\x7fELF';
}

t.test('and it is what users are told', async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  t.match(readme, `glibc ${FLOOR.GLIBC}`);
});
