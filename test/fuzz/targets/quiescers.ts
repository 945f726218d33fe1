/** What databases and the kernel answer, and the file of Microsoft's that names workloads. */
import { readPythonConfig } from '../../../agent/config/python-config.ts';
import { kindOf } from '../../../agent/quiescers/configured.ts';
import { titleOf } from '../../../agent/quiescers/kind.ts';
import { parseVersion, wayFor } from '../../../agent/quiescers/mysql-facts.ts';
import { parseInfo } from '../../../agent/quiescers/redis.ts';
import { parseReply } from '../../../agent/quiescers/resp.ts';
import {
  isOfWorkload,
  parseWorkload,
  readWorkload,
  WORKLOAD_CODES,
  WORKLOAD_CONF,
  WorkloadError,
} from '../../../agent/quiescers/workload.ts';
import { parseAccount } from '../../../agent/system/account.ts';
import { firstLoginUid } from '../../../agent/system/database-instances.ts';
import { parseTcpListeners, parseUnixSockets } from '../../../agent/system/listening.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const WORKLOAD = `[workload]
workload_name = mysql
command_path = /usr/bin
credString = --defaults-extra-file=/root/.my.cnf
role = master
enforceSlaveOnly = 0
ipc_folder = /var/lib/mysql-files
linux_user = mysql
timeout = 90
dbnames = []

[logbackup]
baseLocation = /hdd/AzureBackup
`;
const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 19201 /run/postgresql/.s.PGSQL.5432
0000000000000000: 00000003 00000000 00000000 0001 03 19300
`;
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 19201 1 0000000000000000 100 0 0 10 0
`;
const INODES = new Set(['19201']);

const reply: FuzzTarget = {
  name: 'redis-replies',
  covers: ['quiescers/resp.ts parseReply'],
  samples: [
    '+PONG\r\n',
    '-ERR no\r\n',
    ':42\r\n',
    '$5\r\nhello\r\n',
    '$-1\r\n',
    '*2\r\n$3\r\ndir\r\n$4\r\n/tmp\r\n',
    '*-1\r\n',
  ],
  read(input) {
    let read: ReturnType<typeof parseReply>;
    try {
      read = parseReply(input, 0);
    } catch (error) {
      mustHold(/protocol of Redis|nested too deeply/.test(String(error)), 'it says that this is not its protocol');
      return;
    }
    mustHold(read === undefined || (read.end > 0 && read.end <= input.length), 'it ends within what came');
  },
};

export const quiescerTargets: readonly FuzzTarget[] = [
  reply,
  textTarget(
    'redis-info',
    ['quiescers/redis.ts parseInfo'],
    ['# Server\r\nredis_version:7.0.15\r\nrun_id:a\r\n'],
    parseInfo,
  ),
  textTarget(
    'mysql-versions',
    ['quiescers/mysql-facts.ts parseVersion', 'quiescers/mysql-facts.ts wayFor'],
    ['10.11.14-MariaDB-0+deb12u1', '8.0.36', '5.5.5-10.3.39-MariaDB', '8.4.0-commercial'],
    (text) => {
      const { number, mariadb } = parseVersion(text);
      mustHold(Number.isSafeInteger(number) && number >= 0, 'it is a number');
      mustHold(mariadb || wayFor(text, 'auto') !== 'stage', 'stages are for MariaDB');
    },
  ),
  textTarget(
    'accounts',
    ['system/account.ts parseAccount'],
    ['postgres:x:112:118:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n'],
    (text) => {
      const account = parseAccount(text);
      mustHold(
        account === undefined || (account.uid >= 0 && account.gid >= 0 && account.name !== ''),
        'it is a whole one',
      );
    },
  ),
  textTarget(
    'login-uids',
    ['system/database-instances.ts firstLoginUid'],
    ['# login.defs\nUID_MIN\t\t\t 1000\nUID_MAX\t\t\t60000\nSYS_UID_MIN 100\n'],
    (text) => {
      const uid = firstLoginUid(text);
      mustHold(Number.isSafeInteger(uid) && uid >= 0, 'it is a number that can be one');
    },
  ),
  textTarget('unix-sockets', ['system/listening.ts parseUnixSockets'], [UNIX], (text) => {
    mustHold(
      parseUnixSockets(text, INODES).every((path) => path.startsWith('/')),
      'they are paths',
    );
  }),
  textTarget('tcp-listeners', ['system/listening.ts parseTcpListeners'], [TCP], (text) => {
    mustHold(
      parseTcpListeners(text, INODES).every((port) => port >= 0 && port < 65_536),
      'they are ports',
    );
  }),
  textTarget(
    'quiescer-names',
    ['quiescers/configured.ts kindOf', 'quiescers/kind.ts titleOf'],
    ['postgresql.main', 'mysql', 'x'],
    (text) => {
      mustHold(kindOf(text) === undefined || titleOf('T', text).startsWith('T'), 'it has a title');
    },
  ),
  textTarget(
    'workload-conf',
    [
      'config/python-config.ts readPythonConfig',
      'quiescers/workload.ts parseWorkload',
      'quiescers/workload.ts readWorkload',
      'quiescers/workload.ts isOfWorkload',
    ],
    [WORKLOAD, WORKLOAD.replace('mysql', 'oracle'), WORKLOAD.replace('mysql', 'postgres').replace(/cred.*\n/, '')],
    async (text) => {
      isOfWorkload(text);
      readPythonConfigSafely(text);
      try {
        const read = parseWorkload(text);
        const system = memorySystem({ files: new Map([[WORKLOAD_CONF, text]]) });
        mustHold(
          JSON.stringify(await readWorkload(system)) === JSON.stringify(read),
          'the file says what its text says',
        );
      } catch (error) {
        mustHold(
          error instanceof WorkloadError && Object.values(WORKLOAD_CODES).includes(error.azureCode),
          'a fault has its number',
        );
        throw error;
      }
    },
  ),
];

class Refused extends Error {}

function readPythonConfigSafely(text: string): void {
  try {
    readPythonConfig(text, 'workload', (what) => new Refused(what));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}
