/** What names the scripts around a snapshot, and the scripts themselves. */
import { languageOf } from '../../../agent/checks/apps-shebang.ts';
import { bashisms } from '../../../agent/checks/scripts-bashisms.ts';
import { readAzureScripts } from '../../../agent/scripts/azure.ts';
import { readHooks } from '../../../agent/scripts/hooks.ts';
import { parseHostConf } from '../../../agent/scripts/host-conf.ts';
import { jsonFault } from '../../../agent/scripts/json-fault.ts';
import { parsePluginConfig } from '../../../agent/scripts/plugin-config.ts';
import { shebang } from '../../../agent/scripts/runnable.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const HOST_CONF = '/etc/azure/VMSnapshotPluginHost.conf';
const PLUGIN_CONF = '/etc/azure/VMSnapshotScriptPluginConfig.json';

const HOST = `[pre_post]
timeoutInSeconds: 1800
numberOfPlugins: 1
pluginName0: ScriptRunner
pluginPath0: /etc/azure
pluginConfigPath0: ${PLUGIN_CONF}
`;
const PLUGIN = JSON.stringify(
  {
    pluginName: 'ScriptRunner',
    preScriptLocation: '/opt/db/pre.sh',
    postScriptLocation: '/opt/db/post.sh',
    preScriptParams: ['a', 1],
    postScriptParams: [],
    preScriptNoOfRetries: 0,
    postScriptNoOfRetries: '2',
    timeoutInSeconds: 300,
    continueBackupOnFailure: false,
    ScriptsExecutionPollTimeSeconds: 30,
    fsFreezeEnabled: true,
  },
  undefined,
  4,
);

/** The whole of Azure's files: a fault becomes a problem that is told, never a throw. */
const azure = (files: Readonly<Record<string, string>>) =>
  readAzureScripts(
    memorySystem({
      files: new Map(Object.entries({ '/opt/db/pre.sh': '', '/opt/db/post.sh': '', ...files })),
      modes: { [PLUGIN_CONF]: 0o600, '/opt/db/pre.sh': 0o700, '/opt/db/post.sh': 0o700 },
    }),
  );

const SCRIPT = `#!/bin/bash -e
set -o pipefail
cat <<'EOF' | while read -r a; do [[ $a == x* ]] && echo "\${a^^}" &> /dev/null; done
[[ not code ]]
EOF
function f() { source ./x; arr=(1 2); }  # comment
cat <<<"$arr" > >(tee 'a
b')
`;

export const scriptTargets: readonly FuzzTarget[] = [
  textTarget(
    'host-conf',
    ['scripts/host-conf.ts parseHostConf', 'scripts/azure.ts readHostConf'],
    [HOST],
    async (text) => {
      await azure({ [HOST_CONF]: text });
      const { timeoutSeconds } = parseHostConf(text, HOST_CONF);
      mustHold(timeoutSeconds >= 1 && timeoutSeconds <= 1800, 'a time limit that the extension would grant');
    },
  ),
  textTarget(
    'plugin-config',
    ['scripts/plugin-config.ts parsePluginConfig', 'scripts/azure.ts readAzureScripts'],
    [PLUGIN],
    async (text) => {
      const { config, problems = [] } = parsePluginConfig(text, PLUGIN_CONF);
      mustHold((config === undefined) === problems.length > 0, 'a file is understood, or says why not');
      for (const { about } of problems) mustHold(about.azureCode === 305, 'a problem has the number of the extension');
      await azure({ [PLUGIN_CONF]: text });
    },
  ),
  textTarget('json-fault', ['scripts/json-fault.ts jsonFault'], [PLUGIN, '[1, -2.5e-3, "\\u00e9", null]'], (text) => {
    const isJson = accepted(text);
    const fault = jsonFault(text);
    const tooDeep = fault?.expected === 'less nesting';
    mustHold(tooDeep || isJson === (fault === undefined), 'a fault is found just where JSON.parse finds one');
    mustHold(fault === undefined || (fault.line >= 1 && fault.column >= 1), 'it has a place');
  }),
  textTarget(
    'script-text',
    ['scripts/runnable.ts shebang', 'checks/apps-shebang.ts languageOf', 'checks/scripts-bashisms.ts bashisms'],
    [SCRIPT, '#!/usr/bin/env -S python3 -u\n', '#! /bin/sh\r\n'],
    (text) => {
      const [firstLine = ''] = text.split('\n', 1);
      shebang(firstLine);
      languageOf(firstLine);
      bashisms(text);
    },
  ),
  textTarget(
    'hook-names',
    ['scripts/hooks.ts readHooks'],
    ['10-db', '20-web.sh~', '.hidden', 'x.dpkg-old'],
    async (text) => {
      const name = text.replaceAll(/[/\0]/g, '_') || '_';
      if (name === '.' || name === '..') return;
      const path = `/etc/quiesced/hooks.d/${name}`;
      const system = memorySystem({ files: new Map([[path, '']]), modes: { [path]: 0o755 } });
      const { scripts, ignored } = await readHooks(system, { timeoutMs: 1000, retries: 0 });
      mustHold(scripts.length + ignored.length === 1, 'a file is a hook, or passed over');
    },
  ),
];

function accepted(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
