import { storageChecks } from '../../../agent/checks/storage.ts';
import { groupOf } from './one-check.ts';

export type { Row } from './one-check.ts';
export * from './storage-files.ts';

export const { check, testRows } = groupOf(storageChecks);
