import { PATHS } from '../system/paths.ts';
import type { PluginConfig } from './plugin-config.ts';

/**
 * Where `quiesced integrate azure-backup` puts the two scripts by which Microsoft's extension calls quiesced, and the file
 * that stood in the place of the registration, byte for byte: its scripts are run by quiesced instead.
 */
export const REGISTRATION = {
  pre: '/etc/azure/quiesced-pre.sh',
  post: '/etc/azure/quiesced-post.sh',
  adopted: `${PATHS.linux.configFile.replace(/[^/]+$/, '')}azure/VMSnapshotScriptPluginConfig.json`,
} as const;

/** Whether a `VMSnapshotScriptPluginConfig.json` has the extension call quiesced. */
export const isRegistration = ({ preScriptLocation, postScriptLocation }: PluginConfig): boolean =>
  preScriptLocation === REGISTRATION.pre || postScriptLocation === REGISTRATION.post;
