import { kindOf } from '../quiescers/configured.ts';
import { readWorkload, WorkloadError } from '../quiescers/workload.ts';
import { SCRIPT_CHECK } from './apps-scripts.ts';
import { type Check, pass, warn } from './check.ts';

/** Of a file that cannot be honoured Microsoft's extension says nothing before the backup, and little after it. */
export const workloadIsHonoured: Check = {
  ...SCRIPT_CHECK,
  id: 'app.workload-conf',
  title: "What Microsoft's workload.conf asks for can be done",
  source: 'azure-linux-extensions VMBackup/main/workloadPatch/WorkloadPatch.py (2026-08); quiesced: docs/quiescers.md',
  async run(system) {
    try {
      const workload = await readWorkload(system);
      if (workload === undefined) return pass('it asks for nothing');
      const what = `${kindOf(workload.quiescer.name)?.title ?? ''} is held where quiesced does the backup in Azure`;
      if (workload.warnings.length === 0) return pass(what);
      return warn(`${what}; ${workload.warnings.join('; ')}`, 'Have somebody else see to the backup of the log.');
    } catch (error) {
      if (!(error instanceof WorkloadError)) throw error;
      return warn(`${error.message} (Azure reports ${error.azureCode})`, error.remedy ?? '');
    }
  },
};
