/** How the service shows the health of the machine beside the backup: green, yellow, red. */
export type VmHealth = 0 | 128 | 256;

interface Code {
  readonly name: string;
  readonly health: VmHealth;
}

const GREEN = 0;
const YELLOW = 128;
const RED = 256;

/**
 * Every code that a report can hold, by the name that the telemetry has for it: ExtensionErrorCodeHelper.py. Upstream has no
 * name for 173 and no health for 556, and loses the whole report for it; both are whole here.
 */
export const CODES = {
  0: { name: 'success_appconsistent', health: GREEN },
  1: { name: 'success', health: GREEN },
  2: { name: 'error', health: GREEN },
  4: { name: 'ExtensionTempTerminalState', health: GREEN },
  11: { name: 'error_parameter', health: YELLOW },
  16: { name: 'FailedHandlerGuestAgentCertificateNotFound', health: YELLOW },
  17: { name: 'FailedInvalidDataDiskLunList', health: GREEN },
  76: { name: 'FailedRetryableSnapshotFailedNoNetwork', health: RED },
  85: { name: 'FailedSnapshotLimitReached', health: RED },
  121: { name: 'FailedRetryableFsFreezeFailed', health: YELLOW },
  122: { name: 'FailedRetryableFsFreezeTimeout', health: YELLOW },
  123: { name: 'FailedRetryableUnableToOpenMount', health: YELLOW },
  173: { name: 'FailedRetryableSnapshotRateExceeded', health: GREEN },
  300: { name: 'FailedPrepostPreScriptFailed', health: YELLOW },
  301: { name: 'FailedPrepostPostScriptFailed', health: YELLOW },
  302: { name: 'FailedPrepostPreScriptNotFound', health: YELLOW },
  303: { name: 'FailedPrepostPostScriptNotFound', health: YELLOW },
  304: { name: 'FailedPrepostPluginhostConfigParsing', health: YELLOW },
  305: { name: 'FailedPrepostPluginConfigParsing', health: YELLOW },
  306: { name: 'FailedPrepostPreScriptPermissionError', health: YELLOW },
  307: { name: 'FailedPrepostPostScriptPermissionError', health: YELLOW },
  308: { name: 'FailedPrepostPreScriptTimeout', health: YELLOW },
  309: { name: 'FailedPrepostPostScriptTimeout', health: YELLOW },
  402: { name: 'FailedGuestAgentInvokedCommandTooLate', health: RED },
  500: { name: 'FailedWorkloadPreError', health: YELLOW },
  501: { name: 'FailedWorkloadConfParsingError', health: YELLOW },
  502: { name: 'FailedWorkloadInvalidRole', health: YELLOW },
  503: { name: 'FailedWorkloadInvalidWorkloadName', health: YELLOW },
  504: { name: 'FailedWorkloadPostError', health: YELLOW },
  505: { name: 'FailedWorkloadAuthorizationMissing', health: YELLOW },
  506: { name: 'FailedWorkloadConnectionError', health: YELLOW },
  507: { name: 'FailedWorkloadIPCDirectoryMissing', health: YELLOW },
  508: { name: 'FailedWorkloadDatabaseStatusChanged', health: YELLOW },
  509: { name: 'FailedWorkloadQuiescingError', health: YELLOW },
  510: { name: 'FailedWorkloadQuiescingTimeout', health: YELLOW },
  511: { name: 'FailedWorkloadDatabaseInNoArchiveLog', health: YELLOW },
  512: { name: 'FailedWorkloadLogModeChanged', health: YELLOW },
  556: { name: 'FailedHostSnapshotRemoteServerError', health: RED },
  761: { name: 'FailedRetryableSnapshotFailedRestrictedNetwork', health: RED },
} as const satisfies Readonly<Record<number, Code>>;

export type CodeNumber = keyof typeof CODES;

export const nameOfCode = (code: CodeNumber): string => CODES[code].name;
export const healthOfCode = (code: CodeNumber): VmHealth => CODES[code].health;
