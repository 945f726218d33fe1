import t from 'tap';
import { parseGrubConfig } from '../../../agent/boot/entries.ts';
import { installedKernels } from '../../../agent/boot/kernels.ts';
import { fakeSystem } from '../../fakes/system.ts';

t.test('what starts no system is no entry of a menu', async (t) => {
  const menu = [
    "menuentry 'Debian' {\n\tlinux\t/vmlinuz-6.1 root=UUID=x ro\n\tinitrd\t/initrd.img-6.1\n}",
    "menuentry 'All built in' {\n\tlinux\t/vmlinuz-6.2 root=/dev/sda1\n}",
    "menuentry 'Memory test (memtest86+x64.efi)' {\n\tlinux\t/memtest86+x64.efi\n}",
    "menuentry 'Memory test, serial' {\n\tlinux16\t/memtest86+.bin console=ttyS0,115200\n}",
  ].join('\n');
  t.strictSame(
    parseGrubConfig(menu).map(({ id }) => id),
    ['Debian', 'All built in'],
  );
});

t.test('a packed kernel for debuggers is none to start with', async (t) => {
  const version = '6.4.0-150600.21-default';
  const names = ['vmlinuz', 'vmlinux'].map((name) => `${name}-${version}`);
  const copies = ['gz', 'xz', 'zst', 'debug'].map((end) => `vmlinux-${version}.${end}`);
  const system = fakeSystem({ files: Object.fromEntries([...names, ...copies].map((name) => [`/boot/${name}`, 'k'])) });
  t.teardown(system.cleanUp);
  const found = await installedKernels(system);
  t.strictSame([...new Set(found.map((kernel) => kernel.version))], [version]);
});
