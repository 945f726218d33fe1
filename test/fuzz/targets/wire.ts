/** What processes tell each other: lines between daemon, guard, writer and taker, and what is shown of any of it. */
import { bullet, fold, hang, shorten, visible, wrapIndented } from '../../../agent/cli/wrap.ts';
import { lineReader } from '../../../agent/freezer/guard-protocol.ts';
import { isSecretName, redact, redactJson } from '../../../agent/redact.ts';
import { judgeContents } from '../../../agent/sandbox/contents.ts';
import { parseOwner } from '../../../agent/sandbox/owner.ts';
import { decodeAll, decodeRecord, encodeRecord, RECORD_BYTES } from '../../../agent/sandbox/record.ts';
import { cmdCannotTake, windowsProgram } from '../../../agent/system/command-line-windows.ts';
import { imdsOf } from '../../../agent/system/imds.ts';
import { baseName } from '../../../agent/system/processes.ts';
import { FAMILIES, listenersIn } from '../../../agent/system/programs-windows.ts';
import { parseSecurity } from '../../../agent/system/security-descriptor.ts';
import { shellWord } from '../../../agent/system/shell-word.ts';
import { isTrusted, whyDistrusted } from '../../../agent/system/trust-windows.ts';
import { parseAnswer } from '../../../agent/takers/command.ts';
import { ADMINISTRATORS, descriptor, FULL, SYSTEM, USERS } from '../../unit/system/descriptors.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const LINES = `{"event":"opened","steps":[]}
{"event":"armed","atMs":1234.5}
{"event":"froze","fileSystems":[{"mountPoint":"/","state":"frozen"}],"steps":[]}
{"event":"thawed","report":{"problems":[],"frozenMs":1,"steps":[]}}
`;

/** Cut into chunks anywhere, the same lines come out. */
function guardLines(text: string): void {
  const read = (chunks: readonly string[]): readonly string[] => {
    const heard: string[] = [];
    const reader = lineReader<object>(
      (message) => heard.push(`${Object.keys(message)}`),
      (line) => heard.push(`broken ${line}`),
    );
    for (const chunk of chunks) reader(chunk);
    return heard;
  };
  const middle = Math.floor(text.length / 2);
  const [whole, halves] = [read([text]), read([text.slice(0, middle), text.slice(middle)])];
  mustHold(whole.join('\n') === halves.join('\n'), 'chunks do not matter');
}

const record = (number: number): Buffer => encodeRecord({ kind: 'journal', number, beganNs: BigInt(number) * 1000n });
const probe = (number: number): Buffer => encodeRecord({ kind: 'probe', number, beganNs: BigInt(number) * 1000n });

const records: FuzzTarget = {
  name: 'sandbox-records',
  covers: [
    ...['decodeRecord', 'decodeAll'].map((name) => `sandbox/record.ts ${name}`),
    'sandbox/contents.ts judgeContents',
  ],
  samples: [Buffer.concat([1, 2, 3].map(record)), Buffer.concat([1, 2].map(probe)), Buffer.alloc(2 * RECORD_BYTES)],
  read(input) {
    for (const kind of ['journal', 'probe'] as const) {
      decodeRecord(input, kind);
      decodeAll(input, kind).forEach((decoded, at) => {
        if (decoded.state !== 'whole') return;
        const bytes = input.subarray(at * RECORD_BYTES, (at + 1) * RECORD_BYTES);
        mustHold(bytes.readUInt32BE(0) !== 0, 'a whole record has our mark');
      });
    }
    judgeContents(input, input, { acked: 3, held: true, probed: 2, frozenAtNs: 5000n });
  },
};

const descriptors: FuzzTarget = {
  name: 'security-descriptors',
  covers: ['system/security-descriptor.ts parseSecurity'],
  samples: [
    descriptor(SYSTEM, [
      { rights: FULL, who: ADMINISTRATORS },
      { rights: 4, flags: 0x0b, who: USERS },
    ]),
    descriptor(ADMINISTRATORS, undefined),
    descriptor(undefined, []),
  ],
  read(input) {
    const security = parseSecurity(input);
    if (security === undefined) return;
    const why = (place: 'file' | 'above') => whyDistrusted(security, place, (who) => isTrusted(who, {}));
    mustHold(
      why('file') !== undefined || why('above') === undefined,
      'what is enough for a file is so for what is above',
    );
  },
};

const listeners: FuzzTarget = {
  name: 'windows-listeners',
  covers: ['system/programs-windows.ts listenersIn'],
  samples: [Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.alloc(112, 7)])],
  read(input) {
    for (const family of FAMILIES) {
      for (const { pid, port } of listenersIn(input, family)) mustHold(pid >= 0 && port < 65_536, 'a port is one');
    }
  },
};

const commandWords = textTarget(
  'windows-commands',
  ['windowsProgram', 'cmdCannotTake'].map((name) => `system/command-line-windows.ts ${name}`),
  ['C:\\a b\\c.cmd', '100%.bat', 'x.ps1'],
  (text) => {
    windowsProgram(text);
    mustHold(cmdCannotTake(text) || !/[%"]/.test(text), 'what would be expanded is refused');
  },
);

const SECRET = 'kJ3xZ8sQpVn0yT7LrWm1oBc5dHfGuE2aNqXwYz9iAM';
const SECRETS: readonly ((before: string, after: string, secret?: string) => string)[] = [
  (before, after, secret = SECRET) =>
    `${before}\nhttps://a.blob.core.windows.net/vhds/d?sv=1&sig=${secret}&se=2 ${after}`,
  (before, after, secret = SECRET) => `${before} {"password":"${secret}"} ${after}`,
  (before, after, secret = SECRET) => `${before}\nDB_PASSWORD=${secret}\n${after}`,
  (before, after, secret = SECRET) => `${before} http://backup:${secret}@proxy:3128/ ${after}`,
  (before, after, secret = SECRET) => `${before}\nAuthorization: Bearer ${secret}\r\n${after}`,
  (before, after, secret = SECRET) => `${before} AccountKey=${secret}==; ${after}`,
  (before, after, secret = SECRET) =>
    `${before}\n-----BEGIN RSA PRIVATE KEY-----\n${secret}\n-----END RSA PRIVATE KEY-----\n${after}`,
];

/** For a terminal, a shell and a table: short, harmless and whole. */
function shown(given: string): void {
  const text = given.slice(0, 16_384);
  const width = 40;
  for (const line of [...fold(text, width), ...bullet(text, width), ...hang('left: ', text, width)]) {
    mustHold(line.length <= width, `a line of ${width} characters`);
  }
  wrapIndented(text, 4, width);
  mustHold(!/[\p{Cc}]/u.test(visible(text)), 'nothing steers the terminal');
  mustHold(shorten(text, width).length <= width, 'what is shortened is short');
  shellWord(text);
  baseName(text);
}

/** Whatever stands around a secret that is written as secrets are, it does not get through; and no second time is needed. */
function redacted(given: string): void {
  // What scripts print is cut at 64 KiB before; nine times that would take a second, and no longer text finds more.
  const text = given.slice(0, 16_384);
  const once = redact(text);
  mustHold(redact(once) === once, 'redacting twice is redacting once');
  const half = Math.floor(text.length / 2);
  for (const plant of SECRETS) {
    const planted = plant(text.slice(0, half), text.slice(half));
    mustHold(!redact(planted).includes(SECRET), `no secret gets through: ${JSON.stringify(plant('…', '…'))}`);
  }
  isSecretName(text);
  const hidden = JSON.stringify(redactJson({ password: SECRET, [text]: text, list: [json(text), `sig=${SECRET}`] }));
  mustHold(!hidden.includes(SECRET), 'no secret gets through as JSON');
}

const OWNER = '{"pid":123,"started":6502,"bootId":"b1","pidNamespace":"pid:[4026531836]"}';
const IMDS = JSON.stringify({
  compute: {
    name: 'db-01',
    securityProfile: { securityType: 'TrustedLaunch', encryptionAtHost: 'false' },
    plan: { name: 'p' },
    storageProfile: {
      osDisk: { diskSizeGB: '30', managedDisk: { id: '/x', storageAccountType: 'Premium_LRS' } },
      dataDisks: [{ lun: '0', diskSizeGB: '64', writeAcceleratorEnabled: 'true', managedDisk: { id: '/y' } }],
    },
  },
  network: { interface: [{}, {}] },
});

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const wireTargets: readonly FuzzTarget[] = [
  records,
  descriptors,
  listeners,
  commandWords,
  textTarget('guard-lines', [], [LINES], guardLines),
  textTarget('sandbox-owner', ['sandbox/owner.ts parseOwner'], [OWNER], (text) => {
    const owner = parseOwner(text);
    mustHold(owner === undefined || typeof owner.pid === 'number', 'an owner has a pid');
  }),
  textTarget(
    'taker-answer',
    ['takers/command.ts parseAnswer'],
    ['{"ok":true,"snapshot":"snap-1"}', '{"ok":false,"error":"no space"}', 'talk'],
    (text) => {
      const answer = parseAnswer(text);
      mustHold(answer === undefined || typeof answer.ok === 'boolean', 'an answer says yes or no');
    },
  ),
  textTarget(
    'redact',
    ['redact', 'isSecretName', 'redactJson'].map((name) => `redact.ts ${name}`),
    SECRETS.map((plant) => plant('a', 'b', 'another-one')),
    redacted,
  ),
  textTarget(
    'shown-text',
    [
      ...['wrap', 'wrapIndented', 'fold', 'bullet', 'hang', 'visible', 'shorten'].map((name) => `cli/wrap.ts ${name}`),
      'system/shell-word.ts shellWord',
      'system/processes.ts baseName',
    ],
    ['/srv/a folder/with a very long name of the kind that people give', 'the \u001b[31mred\u001b[0m script said: no'],
    shown,
  ),
  textTarget('imds', ['system/imds.ts imdsOf'], [IMDS], (text) => {
    const { disks, networkInterfaces } = imdsOf(json(text));
    mustHold(networkInterfaces >= 0 && Array.isArray(disks), 'disks and adapters are counted');
  }),
];
