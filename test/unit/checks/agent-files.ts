import { readFileSync } from 'node:fs';
import { processFiles, type Scene } from './machine.ts';

export const PEM = readFileSync(new URL('../../fixtures/waagent/until-2056.crt', import.meta.url), 'utf8');
export const THUMB = '935252423D1E295BB5506936EC9D3D4DA92E43E2';
export const LIB = '/var/lib/waagent';
export const EXTENSION = `${LIB}/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9184.0`;
export const VERSION = 'WALinuxAgent-2.7.3.0 running on debian 12\nPython: 3.11.2\nGoal state agent: 2.11.1.4\n';
export const UNIT = 'Id=walinuxagent.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n';

/** A machine whose agent is as it should be. */
export const FILES: Readonly<Record<string, string>> = {
  '/usr/sbin/waagent': '#!/usr/bin/python3\n',
  '/usr/bin/python3': '',
  '/usr/bin/openssl': '',
  '/etc/waagent.conf': 'Extensions.Enabled=y\nAutoUpdate.Enabled=y\n',
  '/var/log/waagent.log': '',
  [`${LIB}/waagent_status.2.json`]: '{}',
  [`${LIB}/TransportCert.pem`]: PEM,
  ...processFiles(51, 'python3', ['/usr/bin/python3', '-u', '/usr/sbin/waagent', '-daemon']),
  ...processFiles(91, 'python3', ['python3', '-u', 'bin/WALinuxAgent-2.11.1.4-py3.11.egg', '-run-exthandlers']),
};

export const QUOTAS = (value: string) => `Id=azure.slice\nCPUQuotaPerSecUSec=${value}\n`;
/** What systemctl and the agent itself answer. */
export const PROGRAMS = (unit = UNIT, version: string = VERSION, quotas = QUOTAS('infinity')) => ({
  systemctl: async (argv: readonly string[]) => ({
    stdout: argv.includes('--property=CPUQuotaPerSecUSec') ? quotas : unit,
  }),
  '/usr/sbin/waagent': { stdout: version },
});

/** The good machine with some files changed; an empty value would still be a file, so `undefined` takes one away. */
export function scene(changes: Readonly<Record<string, string | undefined>> = {}, more: Scene = {}): Scene {
  const files = Object.entries({ ...FILES, ...changes }).flatMap(([path, text]) =>
    text === undefined ? [] : [[path, text]],
  );
  return { programs: PROGRAMS(), files: Object.fromEntries(files), ...more };
}

export const failing = (stderr: string): Scene => ({
  programs: { ...PROGRAMS(), '/usr/sbin/waagent': { exitCode: 1, stderr } },
});
/** And a little: the files are made later than this is asked for. */
export const later = (minutes: number): Scene => ({ now: new Date(Date.now() + minutes * 60_000 + 20_000) });
export const unit = (text: string): Scene => ({ programs: PROGRAMS(text) });
export const settings = (thumbprint: string) =>
  `{"runtimeSettings": [{"handlerSettings": {"publicSettings": {}, "protectedSettings": "MII", "protectedSettingsCertThumbprint": "${thumbprint}"}}]}`;

/** What Microsoft's extension leaves behind: its real report is JSON within JSON within JSON. */
export const status = (code: string): string => {
  const message = JSON.stringify({ messageStr: 'in its own words', snapshotConsistency: 0 });
  const inner = [{ status: { code, status: 'success', formattedMessage: { lang: 'en-US', message } } }];
  const substatus = [{ code: '0', name: JSON.stringify(inner), status: 'success', formattedMessage: null }];
  return JSON.stringify([{ status: { code, status: 'success', substatus } }]);
};
export const extension = (state: string, code?: string): Record<string, string> => ({
  [`${EXTENSION}/config/HandlerState`]: state,
  [`${EXTENSION}/config/HandlerStatus`]: '{"name": "VMSnapshotLinux", "status": "Ready", "code": 0, "message": ""}',
  ...(code === undefined ? {} : { [`${EXTENSION}/status/7.status`]: status(code) }),
});
