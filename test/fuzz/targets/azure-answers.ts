/** What storage and the host of Azure answer while everything is frozen, and what a job puts into headers. */
import { type AddressInfo, createServer } from 'node:net';
import {
  assertMetadata,
  blobOf,
  faultOf,
  readBlobAnswer,
  retryAfterMs,
} from '../../../extensions/azure/takers/blob-snapshot.ts';
import { Connection } from '../../../extensions/azure/takers/connection.ts';
import { readDoSnapshot, readPreSnapshot } from '../../../extensions/azure/takers/host-messages.ts';
import { describe, nameOf } from '../../../extensions/azure/takers/snapshot-set.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

// Outside of `agent/`, where readers without a target are looked for.
const NOT_LISTED: readonly string[] = [];

const PRE = JSON.stringify({
  responseTime: { year: 2026, month: '11', day: 21, hour: 15, minute: 0, second: 1 },
  bhsVersion: '1.0',
  isOsDiskADEEncrypted: 'true',
  areDataDisksADEEncrypted: false,
  DiskEncryptionSettings: { key: 'a' },
});
const DO = JSON.stringify({
  snapshotInfo: [
    {
      isSuccessful: 'true',
      snapshotUri: 'https://a.example/os?snapshot=2026-11-21T15:00:00Z&sig=x',
      statusCode: '200',
    },
    { isSuccessful: false, errorMessage: 'The rate of snapshot blob calls is exceeded', statusCode: 409 },
    {
      isSuccessful: true,
      snapshotUri: 'https://a.example/disks/1/snapshots/2',
      ddSnapshotIdentifier: {
        creationTime: '2026-11-21T15:00:00Z',
        id: 'i',
        token: 't',
        instantAccessDurationMinutes: '5',
      },
    },
  ],
});
const ANSWER =
  'HTTP/1.1 201 Created\r\nx-ms-snapshot: 2026-11-21T15:00:00.0000000Z\r\nContent-Length: 0\r\nRetry-After: 3\r\n\r\n';
const REFUSAL =
  'HTTP/1.1 409 Conflict\r\nx-ms-error-code: SnapshotOperationRateExceeded\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<E/>\r\n0\r\n\r\n';

let port = 0;
let reply: Buffer = Buffer.alloc(0);

/** A server that answers with the input, byte for byte, and hangs up: whatever it is, the request has an end. */
const wire: FuzzTarget = {
  name: 'azure-wire',
  covers: NOT_LISTED,
  samples: [
    ANSWER,
    REFUSAL,
    `HTTP/1.1 100 Continue\r\n\r\n${ANSWER}`,
    'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nrest',
  ],
  oneIn: 100,
  async prepare() {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(reply));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
    return async () => void server.close();
  },
  async read(input) {
    reply = input;
    const url = new URL(`http://127.0.0.1:${port}`);
    const connection = await Connection.open({ url }, AbortSignal.timeout(5000));
    const { request, uri } = blobOf(`${url.origin}/vhds/os.vhd?sig=SECRETSECRET`, []);
    try {
      const answer = await connection.send(request, AbortSignal.timeout(5000));
      const { disk, fault } = readBlobAnswer(uri, answer);
      mustHold(disk.successful === (fault === undefined), 'a disk has a snapshot or a fault');
      mustHold(!disk.successful || disk.snapshotUri !== undefined, 'success has a name');
    } catch (error) {
      // Lost, or no HTTP: that is an answer too. One that never ends is not.
      if (error instanceof Error && error.name === 'TimeoutError') throw error;
      if (error instanceof Error && error.message.startsWith('does not hold')) throw error;
    } finally {
      connection.close();
    }
  },
};

export const azureAnswerTargets: readonly FuzzTarget[] = [
  textTarget('azure-pre-snapshot', NOT_LISTED, [PRE, '{}', '[]'], (text) => {
    const { now, encryption } = readPreSnapshot(text);
    mustHold(now === undefined || !Number.isNaN(now.getTime()), 'the time is one');
    mustHold(encryption.settings !== '', 'no settings are none');
  }),
  textTarget('azure-do-snapshot', NOT_LISTED, [DO, '{"snapshotInfo":null}', '<html>'], (text) => {
    const set = readDoSnapshot(text, 1);
    const whole = set.disks.length > 0 && set.disks.every(({ successful }) => successful);
    mustHold((set.failure === undefined) === whole, 'a set of which a disk is missing is none');
    for (const { snapshotUri, blobUri } of set.disks)
      mustHold(!/[?&]sig=(?!\[redacted\])[^&]/.test(snapshotUri ?? '') && !blobUri.includes('?'), 'no SAS is told');
    describe(set);
    nameOf(set);
  }),
  textTarget('azure-storage-error', NOT_LISTED, ['SnapshotCountExceeded', '12'], (text) => {
    mustHold(['rate', 'count', 'busy', 'lost', 'other'].includes(faultOf(409, text)), 'a fault is of a kind');
    const waitMs = retryAfterMs(text);
    mustHold(waitMs === undefined || (waitMs >= 0 && waitMs < 1e9), 'a time to wait is one');
  }),
  textTarget('azure-metadata', NOT_LISTED, ['BackupTaskId: task 1', 'vmName: Büro', 'x: a\r\nb: c'], (text) => {
    const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
    const [key = '', value = ''] = text.split(': ', 2);
    assertMetadata([{ key, value }]);
    const { headers } = blobOf('https://a.example/os?sig=x', [{ key, value }]).request;
    for (const [name, held] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, held);
      mustHold(!/[\r\n\0]/.test(held), 'a header is one line');
    }
  }),
  wire,
];
