/**
 * Exported functions that take a text and are no readers of what others wrote, by why they need no target. `all.ts` and
 * this list must name every such function between them.
 */
export const NO_PARSERS: Readonly<Record<string, readonly string[]>> = {
  'takes words of ours, and makes a finding, an error or a file of them': [
    ...['pass', 'info', 'warn', 'fail', 'skip'].map((name) => `checks/check.ts ${name}`),
    ...['usageError', 'messageOf', 'errnoOf', 'exhaustionOf'].map((name) => `errors.ts ${name}`),
    'checks/azure-explained.ts explainedBy',
    'checks/os.ts judgeArchitecture',
    'checks/vm-agent-runtime.ts judgeOpenssl',
    'config/schema.ts propertyOf',
    'control/requests.ts bad',
    'snapshot/deadline.ts within',
    'cli/render-proxy.ts proxyChangeJson',
    ...['dropInFolder', 'environmentLine'].map((name) => `proxy/units.ts ${name}`),
    'proxy/variables.ts isProxyVariable',
    'support/part.ts made',
    'system/journald.ts encodeEntry',
    'fault-point.ts faultPoint',
    'fault-point.ts faultPointSync',
  ],
  'takes a path of ours; what stands in the file is read by a function that has a target': [
    'freezer/journal.ts removeFreezeJournal',
    'freezer/recover.ts recoverFreeze',
    'freezer/safe-freeze-lock.ts takeSafeFreezeLock',
    'checks/vm-agent-extension.ts readExtension',
    'system/atomic.ts temporaryOf',
    'system/atomic.ts writeFileAtomic',
    'system/atomic.ts syncFolder',
    'system/bytes.ts readBytes',
    'system/owned-file.ts writeOwned',
    'system/datagram.ts openDatagram',
    'system/sparse-copy.ts openSparseCopy',
    'system/spawn.ts whyNotStartable',
    'system/lock.ts takeLock',
    'system/lock.ts holderOf',
  ],
  'walks a path, part by part, as its own property tests do': ['system/root.ts resolveInRoot'],
  'compares with a fixed pattern that is anchored at both ends of a short name': [
    'freezer/classes.ts isTemporaryDevice',
  ],
  'takes a cron expression that the configuration has taken': ['schedule/job.ts byCron'],
  'takes what `readFreezeJournal` has read': ['freezer/overdue.ts becomesOverdue'],
};
