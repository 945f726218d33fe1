import t, { type Test } from 'tap';
import { faultOfNewImage, type NewImage } from '../../../agent/boot/new-image.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { archiveOf, modulePaths } from '../../fixtures/initramfs.ts';
import { DRIVERS, imageOf, kernelFiles } from '../repair/kernels.ts';

const NAMES = { version: '6.1.0-18-amd64', initramfs: '/boot/initrd.img-6.1.0-18-amd64', end: '.ko' };
const { version, initramfs: present } = NAMES;
const made = `${present}.quiesced-new`;

/** What is found wrong with a new image, beside one for another hypervisor, where that one's modules are loaded. */
async function faultOf(
  t: Test,
  image: string,
  files: Readonly<Record<string, string>> = {},
  where: Pick<NewImage, 'restoringTo'> = { restoringTo: 'azure' },
) {
  const system = fakeSystem({
    files: {
      ...kernelFiles(NAMES),
      '/lib': '-> usr/lib',
      [present]: imageOf(NAMES, ['virtio_blk', 'virtio-net', 'vmw_pvscsi']),
      [made]: image,
      '/proc/modules': 'virtio_net 1 0 - Live 0x0\nvirtio_blk 1 2 - Live 0x0\next4 1 1 - Live 0x0\n',
      ...files,
    },
  });
  t.teardown(system.cleanUp);
  return (await faultOfNewImage(system, { made, present, version, ...where }))?.what;
}

const WHOLE = [...DRIVERS, 'virtio_blk', 'virtio_net'];

t.test('a whole one', async (t) => {
  t.equal(await faultOf(t, imageOf(NAMES, WHOLE)), undefined, 'may leave out what is not loaded');
  const undone = imageOf(NAMES, ['virtio_blk', 'virtio_net']);
  t.equal(await faultOf(t, undone, {}, {}), undefined, 'undone, one for this machine alone');
  const broken = imageOf(NAMES, WHOLE);
  t.equal(await faultOf(t, broken, { [present]: 'damaged' }), undefined, 'nothing is worse than a broken one');
  t.equal(
    await faultOf(t, imageOf(NAMES, [...DRIVERS, 'virtio_blk']), {
      [`/usr/lib/modules/${version}/modules.builtin`]: 'kernel/drivers/net/virtio_net.ko\n',
    }),
    undefined,
    'what is built in need not be there',
  );
});

t.test('one that must not take the place of another', async (t) => {
  const short = imageOf(NAMES, WHOLE);
  for (const [image, fault] of [
    [short.slice(0, -400), /^it cannot be read: /],
    ['', /^it cannot be read: it is empty/],
    ['\n', /^it cannot be read: /],
    [archiveOf(modulePaths(version, WHOLE)), /^it has no init/],
    [imageOf(NAMES, ['virtio_blk', 'virtio_net']), /^its initramfs lacks hv_vmbus/],
    [imageOf({ ...NAMES, version: '6.1.0-19-amd64' }, WHOLE), /^its initramfs lacks hv_vmbus/],
    [imageOf(NAMES, DRIVERS), /has loaded: virtio_blk, virtio_net$/],
    [archiveOf(['init', 'squash-root.img']), /an image in itself.*: squash-root\.img$/],
  ] as const) {
    t.match(await faultOf(t, image), fault);
  }
});
