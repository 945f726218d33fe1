/** `check`, with services of the host that a test stands for: `planted-hung.ts PORT`. Prints the report. */
import { allChecks } from '../../agent/checks/all.ts';
import { networkChecksWith } from '../../agent/checks/network.ts';
import { readiness } from '../../agent/checks/report.ts';
import { localSystem } from '../../agent/system/local.ts';

const url = `http://127.0.0.1:${process.argv[2]}/`;
const service = { url, timeoutMs: 5000 };
const ours = networkChecksWith({ wireServer: service, hostGaPlugin: service });
const checks = allChecks.map((check) => ours.find(({ id }) => id === check.id) ?? check);
process.stdout.write(JSON.stringify(await readiness(localSystem(), { checks, imdsEndpoint: url })));
