import { notifyProgram, notifyUrl } from './notify.ts';
import { prometheusFile } from './prometheus.ts';
import type { Reporter } from './reporter.ts';
import { statusFile } from './status-file.ts';

/** Every reporter there is. */
export const allReporters: readonly Reporter[] = [statusFile, prometheusFile, notifyProgram, notifyUrl];
