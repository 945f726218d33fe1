import { strictEqual } from 'node:assert';
import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { resolveInRoot } from '../../../agent/system/root.ts';
import fc from '../../fast-check.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quiesced-unit-')));
t.teardown(() => rmSync(folder, { recursive: true }));
let count = 0;

type Node = { readonly at: string } & (
  | { readonly is: 'folder' | 'file' }
  | { readonly is: 'link'; readonly to: string }
);

/**
 * Makes a tree in a folder of its own.
 *
 * @param before stands before every absolute link: the tree itself, where the kernel is to take that for its root.
 */
function plant(nodes: readonly Node[], before = (_root: string): string => ''): string {
  count += 1;
  const root = join(folder, String(count));
  mkdirSync(root);
  for (const node of nodes) {
    const path = join(root, node.at);
    // Not through a link, which may lead elsewhere in another tree.
    if (node.at.split('/').some((_, index, parts) => isLink(join(root, ...parts.slice(0, index + 1))))) continue;
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (node.is === 'link') symlinkSync(node.to.startsWith('/') ? `${before(root)}${node.to}` : node.to, path);
      else if (node.is === 'folder') mkdirSync(path);
      else writeFileSync(path, '', { flag: 'wx' });
    } catch {
      // It is there already, or beneath a file.
    }
  }
  return root;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

t.test('links are followed inside, wherever they want to lead', async (t) => {
  const root = plant([
    { at: 'etc/real.conf', is: 'file' },
    { at: 'etc/absolute', is: 'link', to: '/etc/real.conf' },
    { at: 'etc/out', is: 'link', to: '../../../../../../etc/passwd' },
    { at: 'etc/folder', is: 'link', to: '/var/../etc/./' },
    { at: 'etc/chain', is: 'link', to: 'folder/absolute' },
    { at: 'etc/root', is: 'link', to: '/' },
    { at: 'etc/nowhere', is: 'link', to: '/absent/file' },
  ]);
  const found = (path: string) => `/${relative(root, resolveInRoot(root, path))}`;
  t.equal(found('/etc/real.conf'), '/etc/real.conf');
  t.equal(found('/etc/absolute'), '/etc/real.conf');
  t.equal(found('/etc/out'), '/etc/passwd', 'never the one of the machine');
  t.equal(found('/etc/folder/absolute'), '/etc/real.conf');
  t.equal(found('/etc/chain'), '/etc/real.conf');
  t.equal(found('/etc/root/etc/root/etc/chain'), '/etc/real.conf');
  t.equal(found('/etc/nowhere'), '/absent/file', 'what does not exist is appended as it stands');
  t.equal(found('/new/folder/file'), '/new/folder/file');
  t.equal(found('/../../etc/passwd'), '/etc/passwd');
  t.equal(
    found('//etc/./folder/../etc/real.conf'),
    '/etc/real.conf',
    '.. is the folder above the one the link leads to',
  );
  t.equal(resolveInRoot(root, '/'), root);
  t.equal(
    resolveInRoot('/', '/etc/../etc/passwd'),
    '/etc/../etc/passwd',
    'the kernel resolves the machine’s own paths',
  );
});

t.test('loops end in an error', async (t) => {
  const root = plant([
    { at: 'self', is: 'link', to: 'self' },
    { at: 'a', is: 'link', to: '/b' },
    { at: 'b', is: 'link', to: 'a/x' },
    { at: 'up', is: 'link', to: './../up/..' },
  ]);
  for (const path of ['/self', '/self/x', '/a', '/b/y', '/up']) {
    t.throws(() => resolveInRoot(root, path), /too many levels of symbolic links/, path);
  }
});

t.test('as many links in a row as the kernel follows, and no more', async (t) => {
  const root = plant([{ at: 'link0', is: 'file' }]);
  for (let number = 1; number <= 41; number += 1) symlinkSync(`link${number - 1}`, join(root, `link${number}`));
  t.ok(statSync(join(root, 'link40')).isFile());
  t.equal(resolveInRoot(root, '/link40'), join(root, 'link0'));
  t.throws(() => statSync(join(root, 'link41')), { code: 'ELOOP' });
  t.throws(() => resolveInRoot(root, '/link41'), /too many levels/);
});

const name = fc.constantFrom('a', 'b', 'c', 'd', '..', '.');
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const place = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const node: fc.Arbitrary<Node> = fc.oneof(
  fc.record({ at: place, is: fc.constantFrom('folder' as const, 'file' as const) }),
  fc.record({
    at: place,
    is: fc.constant('link' as const),
    to: fc.tuple(fc.constantFrom('', '/'), path).map(([a, b]) => a + b),
  }),
);

/** What the kernel makes of it; undefined where it finds nothing, or leaves the tree, as it would not with a root of its own. */
function byKernel(root: string, path: string): string | 'loop' | undefined {
  try {
    // Not the one of Node, which takes `..` away before it looks.
    const real = realpathSync.native(`${root}/${path}`);
    return real === root || real.startsWith(`${root}/`) ? relative(root, real) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'loop' : undefined;
  }
}

function byUs(root: string, path: string): string | 'loop' {
  try {
    const found = resolveInRoot(root, path);
    if (found !== root && !found.startsWith(`${root}/`)) throw new Error(`${path} is outside: ${found}`);
    assertNoLinkOnTheWay(root, found);
    return relative(root, found);
  } catch (error) {
    if (/too many levels/.test((error as Error).message)) return 'loop';
    throw error;
  }
}

/** Otherwise whoever opens it is led out after all. */
function assertNoLinkOnTheWay(root: string, found: string): void {
  for (let each = found; each.length > root.length; each = dirname(each)) {
    if (isLink(each)) throw new Error(`${each} is a link still`);
  }
}

t.test('as the kernel does it with a root of its own, and never outside', async () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(node, { maxLength: 9 }), fc.array(path, { minLength: 1, maxLength: 4 }), (nodes, asked) => {
      const [ours, kernels] = [plant(nodes), plant(nodes, (root) => root)];
      for (const each of asked) {
        const found = byUs(ours, `/${each}`);
        const real = byKernel(kernels, each);
        if (real === undefined) continue;
        compared += 1;
        strictEqual(found, real, each);
      }
    }),
    { numRuns: 150 },
  );
  if (compared < 50) throw new Error(`only ${compared} were compared`);
});
