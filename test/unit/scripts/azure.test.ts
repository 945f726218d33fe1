import { chmodSync, chownSync } from 'node:fs';
import t, { type Test } from 'tap';
import { readAzureScripts } from '../../../agent/scripts/azure.ts';
import { type FakeSystem, fakeSystem } from '../../fakes/system.ts';

const JSON_FILE = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const HOST_FILE = '/etc/azure/VMSnapshotPluginHost.conf';
const PRE = '/opt/db/pre.sh';
const POST = '/opt/db/post.sh';

interface Machine {
  readonly config?: object | string;
  readonly host?: string;
  readonly missing?: readonly string[];
  readonly modes?: Readonly<Record<string, number>>;
  readonly owners?: Readonly<Record<string, number>>;
}

/** A machine as Microsoft's documents tell to set it up, but for what the case changes. */
function machine({ config = {}, host, missing = [], modes = {}, owners = {} }: Machine): FakeSystem {
  const locations = { preScriptLocation: PRE, postScriptLocation: POST };
  const text = typeof config === 'string' ? config : JSON.stringify({ ...locations, ...config }, undefined, 1);
  const files = { [JSON_FILE]: text, [PRE]: '#!/bin/sh\n', [POST]: '#!/bin/sh\n', ...(host && { [HOST_FILE]: host }) };
  const present = Object.entries(files).filter(([path]) => !missing.includes(path));
  const system = fakeSystem({ files: Object.fromEntries(present) });
  const usual = { [JSON_FILE]: 0o600, [PRE]: 0o700, [POST]: 0o700, [HOST_FILE]: 0o644 };
  for (const [path, mode] of Object.entries({ ...usual, ...modes })) {
    if (!missing.includes(path) && (path !== HOST_FILE || host)) chmodSync(system.resolve(path), mode);
  }
  for (const [path, uid] of Object.entries(owners)) chownSync(system.resolve(path), uid, 0);
  return system;
}

async function read(t: Test, setUp: Machine) {
  const system = machine(setUp);
  t.teardown(() => system.cleanUp());
  return readAzureScripts(system);
}

t.test('what is configured', async (t) => {
  const config = {
    pluginName: 'oracle',
    preScriptParams: ['', 'two words', '$HOME'],
    preScriptNoOfRetries: 3,
    timeoutInSeconds: 30,
    ScriptsExecutionPollTimeSeconds: 99,
    somethingNew: {},
  };
  const { scripts, problems, required, freezeWanted } = await read(t, { config });
  t.strictSame(problems, []);
  t.strictSame({ required, freezeWanted }, { required: false, freezeWanted: true });
  t.strictSame(scripts, [
    {
      source: 'azure',
      name: 'oracle',
      pre: { path: PRE, args: ['', 'two words', '$HOME'] },
      post: { path: POST, args: [] },
      timeoutMs: 30_000,
      preRetries: 3,
      postRetries: 0,
      required: false,
    },
  ]);
});

t.test('no file, no scripts, no problem', async (t) => {
  const nothing = { scripts: [], problems: [], required: false, freezeWanted: true, asked: [] };
  for (const host of [{}, { host: '[pre_post]\n' }]) {
    t.strictSame(await read(t, { missing: [JSON_FILE], ...host }), nothing);
  }
  const windows = fakeSystem({ platform: 'windows', files: { [JSON_FILE]: '{' } });
  t.teardown(() => windows.cleanUp());
  t.strictSame(await readAzureScripts(windows), nothing, 'there is no such extension on Windows');
});

t.test('defaults and caps of the time limit', async (t) => {
  const limits: readonly (readonly [config: object, host: string | undefined, ms: number])[] = [
    [{}, undefined, 10_000],
    [{ timeoutInSeconds: 7200 }, undefined, 1_800_000],
    [{ timeoutInSeconds: 60 }, '[pre_post]\ntimeoutInSeconds: 20\n', 20_000],
    [{ timeoutInSeconds: 7200 }, '[pre_post]\ntimeoutInSeconds = 3600\n', 1_800_000],
    [{ timeoutInSeconds: '45' }, undefined, 45_000],
    [{ timeoutInSeconds: 1.5 }, undefined, 1500],
  ];
  for (const [config, host, ms] of limits) {
    const { scripts } = await read(t, { config, ...(host && { host }) });
    t.equal(scripts[0]?.timeoutMs, ms, JSON.stringify({ config, host }));
  }
});

t.test('the policy of the file', async (t) => {
  const policies: readonly (readonly [config: object, required: boolean, freezeWanted: boolean])[] = [
    [{}, false, true],
    [{ continueBackupOnFailure: false }, true, true],
    [{ continueBackupOnFailure: 'False' }, true, true],
    [{ fsFreezeEnabled: false }, true, false],
    [{ continueBackupOnFailure: true, fsFreezeEnabled: 'false' }, true, false],
  ];
  for (const [config, required, freezeWanted] of policies) {
    const found = await read(t, { config });
    t.match(found, { required, freezeWanted, scripts: [{ required }], problems: [] }, JSON.stringify(config));
  }
});

/** Code, file, key, line and policy of the first problem of a machine. */
const PROBLEMS: Readonly<Record<string, readonly [Machine, object]>> = {
  'no pre script': [{ missing: [PRE] }, { azureCode: 302, key: 'preScriptLocation', required: false }],
  'no post script': [{ missing: [POST] }, { azureCode: 303, key: 'postScriptLocation' }],
  'a folder for a script': [{ config: { preScriptLocation: '/opt' } }, { azureCode: 302 }],
  'a relative path': [{ config: { preScriptLocation: 'pre.sh' } }, { azureCode: 302 }],
  'an empty path': [{ config: { preScriptLocation: '' } }, { azureCode: 302 }],
  'a broken host configuration': [{ host: 'timeoutInSeconds: 5' }, { azureCode: 304, file: HOST_FILE, line: 1 }],
  'a key that is missing': [
    { config: `{"preScriptLocation": "${PRE}"}` },
    { azureCode: 305, key: 'postScriptLocation' },
  ],
  'no JSON': [
    { config: '{\n "timeoutInSeconds": 5,\n}' },
    { azureCode: 305, file: JSON_FILE, line: 3, required: false },
  ],
  'no object': [{ config: '[]' }, { azureCode: 305, line: 1 }],
  'a list for a number': [
    { config: { timeoutInSeconds: [], continueBackupOnFailure: false } },
    { azureCode: 305, key: 'timeoutInSeconds', line: 4, required: true },
  ],
  'no time at all': [{ config: { timeoutInSeconds: 0 } }, { azureCode: 305, key: 'timeoutInSeconds' }],
  'half a retry': [{ config: { postScriptNoOfRetries: 0.5 } }, { azureCode: 305, key: 'postScriptNoOfRetries' }],
  'params as one text': [{ config: { preScriptParams: 'a b' } }, { azureCode: 305, key: 'preScriptParams' }],
  'a NUL in a param': [{ config: { preScriptParams: ['a\0b'] } }, { azureCode: 305, key: 'preScriptParams' }],
  'a number for a switch': [{ config: { fsFreezeEnabled: 0 } }, { azureCode: 305, key: 'fsFreezeEnabled' }],
  'a pre script of the group': [{ modes: { [PRE]: 0o750 } }, { azureCode: 306, key: 'preScriptLocation' }],
  'a post script of others': [{ modes: { [POST]: 0o705 } }, { azureCode: 307, key: 'postScriptLocation' }],
  'a pre script of somebody': [
    { owners: { [PRE]: 1000 }, config: { continueBackupOnFailure: false } },
    { azureCode: 306, required: true },
  ],
  'a pre script in a folder of all': [{ modes: { '/opt': 0o777 } }, { azureCode: 306 }],
  'a validation fault where the freeze is off': [
    { missing: [PRE], config: { fsFreezeEnabled: false } },
    { azureCode: 302, required: false },
  ],
  'a host configuration of the group': [{ host: '[pre_post]', modes: { [HOST_FILE]: 0o664 } }, { azureCode: 314 }],
  'a host configuration that can be run': [{ host: '[pre_post]', modes: { [HOST_FILE]: 0o645 } }, { azureCode: 314 }],
  'a host configuration of somebody': [{ host: '[pre_post]', owners: { [HOST_FILE]: 9 } }, { azureCode: 314 }],
  'a configuration that can be run': [{ modes: { [JSON_FILE]: 0o700 } }, { azureCode: 317, file: JSON_FILE }],
  'a configuration that all may read': [{ modes: { [JSON_FILE]: 0o604 } }, { azureCode: 317, required: false }],
  'a configuration of somebody': [{ owners: { [JSON_FILE]: 1000 } }, { azureCode: 317 }],
  'a plugin of another kind': [
    { host: '[pre_post]\nnumberOfPlugins: 1\npluginName0: OracleRunner' },
    { file: HOST_FILE, required: false },
  ],
};

t.test('problems, with the number by which Microsoft knows them', async (t) => {
  for (const [name, [setUp, about]] of Object.entries(PROBLEMS)) {
    const { scripts, problems } = await read(t, setUp);
    t.match(problems[0]?.about, about, name);
    t.ok(problems[0]?.remedy, `${name}: with a remedy`);
    t.strictSame(scripts, [], `${name}: nothing is run`);
  }
});

t.test('every wrong value is told at once', async (t) => {
  const { problems } = await read(t, { config: { timeoutInSeconds: 'soon', preScriptNoOfRetries: -1 } });
  t.strictSame(
    problems.map(({ about }) => about.key),
    ['preScriptNoOfRetries', 'timeoutInSeconds'],
  );
});

t.test('several plugins, and another place for the configuration', async (t) => {
  const host = [
    '[pre_post]',
    'numberOfPlugins: 2',
    'pluginName0: ScriptRunner',
    'pluginName1: ScriptRunner',
    'pluginConfigPath1: /etc/azure/second.json',
  ];
  const { scripts } = await read(t, { host: host.join('\n') });
  t.equal(scripts.length, 1, 'the second has no file, which is no problem');
});

t.test('what a file asks for is told beside what it is granted', async (t) => {
  const host = '[pre_post]\ntimeoutInSeconds: 60\n';
  const { asked, scripts } = await read(t, { config: { timeoutInSeconds: 90 }, host });
  t.match(asked, [{ file: JSON_FILE, config: { timeoutInSeconds: 90 }, hostTimeoutSeconds: 60 }]);
  t.equal(scripts[0]?.timeoutMs, 60_000);
});
