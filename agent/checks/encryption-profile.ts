import type { Imds } from '../system/imds.ts';
import { withImds } from './azure.ts';
import { type Check, info, pass, type Result, warn } from './check.ts';
import { CONFIDENTIAL, SOURCES } from './limits.ts';

export const notConfidential: Check = {
  id: 'enc.cvm',
  group: 'encryption',
  title: 'The machine is not a confidential one',
  source: CONFIDENTIAL.source,
  async run(_system, { facts }) {
    return withImds(facts, judgeConfidential);
  },
};

export function judgeConfidential({ securityType, location, vmSize }: Imds): Result {
  if (securityType !== 'ConfidentialVM') return pass(securityType ?? 'standard security');
  const { regions, series, said } = CONFIDENTIAL;
  const isListed = (regions as readonly string[]).includes(location ?? '') && series.test(vmSize ?? '');
  const where = [vmSize, location].filter((word) => word !== undefined).join(', ') || 'size and region unknown';
  return warn(
    `a confidential machine (${where}), ${isListed ? 'of a kind that is listed' : 'of no kind that is listed'}: one page allows its backup (${said}, encryption of the disk with the system only), the same support matrix calls it unsupported further down`,
    'Read what holds today for your region, and rehearse a restore before you rely on one. Until then back up the data from inside, by the means of the applications.',
  );
}

export const trustedLaunch: Check = {
  id: 'enc.trusted-launch',
  group: 'encryption',
  title: 'Trusted Launch does not bind the disk of the system',
  source: CONFIDENTIAL.source,
  async run(_system, { facts }) {
    return withImds(facts, judgeTrustedLaunch);
  },
};

/** That such a disk hangs on another machine cannot be seen from inside that one. */
export const judgeTrustedLaunch = ({ securityType }: Imds): Result =>
  securityType === 'TrustedLaunch'
    ? info(
        'Trusted Launch is supported; a disk of the system that was restored from it cannot be used as a data disk',
        'Restore such a machine as a whole, or swap its disk for the restored one. To get at files, use file recovery.',
      )
    : pass(securityType ?? 'standard security');

export const encryptionAtHost: Check = {
  id: 'enc.host',
  group: 'encryption',
  title: 'Encryption at the host is no matter',
  source: SOURCES.supportMatrix,
  async run(_system, { facts }) {
    return withImds(facts, judgeEncryptionAtHost);
  },
};

export const judgeEncryptionAtHost = ({ encryptionAtHost }: Imds): Result =>
  encryptionAtHost ? info('the host encrypts disks and caches: supported, and nothing to do') : pass('not in use');
