import { faultOfNewImage } from '../../boot/new-image.ts';
import { UserError, usageError } from '../../errors.ts';
import type { Command } from '../context.ts';

/**
 * Between the program that makes an initramfs and the rename that puts it into its place. One that is bad goes, since /boot
 * is small; made up after that, there is nothing left to look at.
 */
export const compareImage: Command = async ({ system, given }) => {
  const [made, present, version, to] = given.words;
  if (made === undefined || present === undefined || version === undefined)
    throw usageError('compare-image takes NEW PRESENT KERNEL [azure]');
  if ((await system.stat(made)) === undefined) return 0;
  const fault = await faultOfNewImage(system, {
    made,
    present,
    version,
    restoringTo: to === 'azure' ? to : undefined,
  });
  if (fault === undefined) return 0;
  await system.remove(made);
  throw new UserError(
    'repair.image',
    `the new image for ${version} is not put in the place of ${present}: ${fault.what}`,
    {
      remedy:
        fault.lacks === undefined
          ? 'Mend the configuration of what makes the images, then: quiesced repair boot.hyperv-initramfs'
          : `Install ${fault.lacks}, then: quiesced repair boot.hyperv-initramfs`,
    },
  );
};
