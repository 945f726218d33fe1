import { UserError } from '../../errors.ts';
import type { Command } from '../context.ts';

export const thawOverdue: Command = async () => {
  throw new UserError('not-built', 'thaw-overdue is not built yet');
};
