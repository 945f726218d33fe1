import { FAULTS, testFaults } from './planted-faults.ts';

await testFaults(FAULTS.machine);
