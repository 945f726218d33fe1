import type { Machine } from './machine.ts';

/** A database server of the machine: where its data lies, how it is started and asked, here and on a copy. */
export interface Server {
  readonly id: 'pg' | 'each' | 'lazy';
  readonly title: string;
  /** A section for it. */
  readonly config: string;
  /** The account that it runs as. */
  readonly user: string;
  /** Shell: makes its files, once. */
  readonly create: string;
  /** Shell words. */
  readonly serve: string;
  readonly ask: string;
  /** The account of `ask`. */
  readonly asker: string;
}

/** PostgreSQL with its log on another file system, a commit written before it is acknowledged. */
const POSTGRESQL: Server = {
  id: 'pg',
  title: 'PostgreSQL',
  config: '[quiescer postgresql]\nsocket-folder = /lab/pg\n',
  user: 'postgres',
  create:
    'runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb --auth=peer --locale=C --waldir=/data/xfs/pg/wal -D /data/lvm/pg/data',
  serve:
    '/usr/lib/postgresql/15/bin/postgres -D /data/lvm/pg/data -k /lab/pg -c listen_addresses= -c shared_buffers=32MB -c max_wal_size=64MB -c min_wal_size=32MB',
  ask: '/usr/lib/postgresql/15/bin/psql -X -q -A -t -w -h /lab/pg -d postgres',
  asker: 'postgres',
};

const mariadb = (id: 'each' | 'lazy', title: string, options: string): Server => {
  const files = `--datadir=/data/xfs/${id}/data --innodb-log-group-home-dir=/data/lvm/${id} --innodb-log-file-size=16M`;
  return {
    id,
    title,
    config: `[quiescer mariadb.${id}]\nsocket = /lab/${id}/socket\n`,
    user: 'mysql',
    create: `mariadb-install-db --no-defaults --user=mysql ${files} --auth-root-authentication-method=socket --skip-test-db`,
    serve: `/usr/sbin/mariadbd --no-defaults ${files} --socket=/lab/${id}/socket --pid-file=/lab/${id}/pid --skip-networking --innodb-buffer-pool-size=32M ${options}`,
    ask: `mariadb --no-defaults --batch --skip-column-names --unbuffered --socket=/lab/${id}/socket --database=mysql`,
    asker: 'root',
  };
};

export const SERVERS: readonly Server[] = [
  POSTGRESQL,
  mariadb('each', 'MariaDB', '--innodb-flush-log-at-trx-commit=1'),
  mariadb('lazy', 'MariaDB, its log written once a second', '--innodb-flush-log-at-trx-commit=0'),
];

const CREATE_MS = 900_000;
const START_MS = 300_000;

/** Adds numbered rows, nearly without a pause; says in a file of a tmpfs which was the last that the server acknowledged. */
const WRITER = `import os, subprocess, sys, time
acknowledged = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
client = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
number = 0
while True:
    number += 1
    client.stdin.write(b'INSERT INTO numbered VALUES (%d); SELECT %d;\\n' % (number, number))
    client.stdin.flush()
    if client.stdout.readline().strip() != b'%d' % number:
        sys.exit('no answer')
    os.pwrite(acknowledged, b'%9d\\n' % number, 0)
    time.sleep(0.01)
`;

/** Makes the servers, and has somebody write to each of them. */
export async function startServers(machine: Machine): Promise<void> {
  await machine.put('/opt/lab/rows.py', WRITER);
  for (const { id, user, create, serve, ask, asker } of SERVERS) {
    const places = [`/data/lvm/${id}`, `/data/xfs/${id}`, `/lab/${id}`];
    await machine.must(`install -d -o ${user} -g ${user} -m 0750 ${places.join(' ')}`);
    await machine.must(`cd / && ${create}`, { timeoutMs: CREATE_MS });
    await machine.must(`systemd-run -q --unit=server-${id} --uid=${user} --working-directory=/ ${serve}`);
    const asked = (statement: string) => `echo "${statement}" | runuser -u ${asker} -- ${ask}`;
    const made = asked('CREATE TABLE numbered (n INT PRIMARY KEY);');
    await machine.must(`until ${asked('SELECT 1;')}; do sleep 1; done && ${made}`, { timeoutMs: START_MS });
    const file = acknowledgedFile(id);
    const rows = `python3 /opt/lab/rows.py ${file} ${ask}`;
    await machine.must(`touch ${file} && chown ${asker} ${file}`);
    await machine.must(`systemd-run -q --unit=rows-${id} --uid=${asker} --working-directory=/ ${rows}`);
    await machine.must(`until grep -q . ${file}; do sleep 1; done`, { timeoutMs: START_MS });
  }
}

const acknowledgedFile = (id: string): string => `/lab/acknowledged-${id}`;

/** The last row of each that was acknowledged so far. */
export async function acknowledged(machine: Machine): Promise<Readonly<Record<Server['id'], number>>> {
  const output = await machine.must(`cat ${SERVERS.map(({ id }) => acknowledgedFile(id)).join(' ')}`);
  const [pg = 0, each = 0, lazy = 0] = output.split('\n').map(Number);
  return { pg, each, lazy };
}

/** What one server's data on a copy was worth. */
export interface Worth {
  readonly started: boolean;
  /** The highest row, and how many there are. */
  readonly last: number;
  readonly rows: number;
  /** From its start to its first answer. */
  readonly startMs: number;
  /** What of its log was gone through beforehand. */
  readonly recoveredBytes: number;
}

/** The init of a copy: starts one server after the other, asks it for its rows, and tells what its log says. */
export const startScript = (done: string): string => `#!/bin/sh
exec >/dev/console 2>&1
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /lab
mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm; chmod 1777 /tmp /dev/shm
modprobe -a xfs dm-mod
vgchange -ay --config 'activation { udev_sync = 0 udev_rules = 0 }' lab >/dev/null
mount LABEL=xfs /data/xfs; mount /dev/mapper/lab-data /data/lvm
now() { awk '{ print int($1 * 1000) }' /proc/uptime; }
${SERVERS.map(
  ({ id, user, serve, ask, asker }) => `install -d -o ${user} -g ${user} /lab/${id}
rm -f /data/lvm/pg/data/postmaster.pid
began=$(now)
setpriv --reuid=${user} --regid=${user} --clear-groups ${serve} </dev/null >/run/${id}.log 2>&1 &
server=$!
until echo 'SELECT 1;' | runuser -u ${asker} -- ${ask} >/dev/null 2>&1; do kill -0 $server || break; sleep 0.1; done
ready=$(now)
rows=$(echo 'SELECT MAX(n) FROM numbered; SELECT COUNT(*) FROM numbered;' | runuser -u ${asker} -- ${ask} | tr '\\n' ' ')
grep -E 'redo|[Rr]ecover|LSN|not properly|rror' /run/${id}.log | sed 's/^/LOG ${id} /'
echo "WORTH ${id} $((ready - began)) $rows"
kill $server; wait $server`,
).join('\n')}
echo ${done}
sync; echo o >/proc/sysrq-trigger; sleep 60
`;

/** Reads what `startScript` printed. */
export function worthOf(said: string, id: Server['id']): Worth {
  const [, startMs, last, rows] = new RegExp(`WORTH ${id} (\\d+) (\\d+) (\\d+)`).exec(said) ?? [];
  const log = said.split('\n').filter((line) => line.startsWith(`LOG ${id} `));
  return {
    started: rows !== undefined,
    last: Number(last ?? 0),
    rows: Number(rows ?? 0),
    startMs: Number(startMs ?? Number.NaN),
    recoveredBytes: recoveredBytes(log.join('\n')),
  };
}

/** PostgreSQL names both ends of what it went through in hexadecimal, MariaDB its checkpoint and the end. */
function recoveredBytes(log: string): number {
  const [, fromHigh, from] = /redo starts at ([\dA-F]+)\/([\dA-F]+)/.exec(log) ?? [];
  const [, toHigh, to] = /redo done at ([\dA-F]+)\/([\dA-F]+)/.exec(log) ?? [];
  if (from !== undefined && to !== undefined) return position(toHigh, to) - position(fromHigh, from);
  const checkpoint = /from checkpoint LSN=(\d+)/.exec(log)?.[1];
  const end = /End of log at LSN=(\d+)/.exec(log)?.[1];
  return checkpoint === undefined || end === undefined ? 0 : Number(end) - Number(checkpoint);
}

const position = (high = '0', low = '0'): number => Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
