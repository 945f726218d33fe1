import { UserError } from '../../errors.ts';
import type { Command } from '../context.ts';

export const service: Command = async () => {
  throw new UserError('not-built', 'service is not built yet');
};
