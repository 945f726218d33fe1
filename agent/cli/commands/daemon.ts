import { UserError } from '../../errors.ts';
import type { Command } from '../context.ts';

export const daemon: Command = async () => {
  throw new UserError('not-built', 'daemon is not built yet');
};
