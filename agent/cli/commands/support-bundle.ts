import { UserError } from '../../errors.ts';
import type { Command } from '../context.ts';

export const supportBundle: Command = async () => {
  throw new UserError('not-built', 'support-bundle is not built yet');
};
