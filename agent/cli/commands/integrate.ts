import { UserError } from '../../errors.ts';
import type { Command } from '../context.ts';

export const integrate: Command = async () => {
  throw new UserError('not-built', 'integrate is not built yet');
};
