import t from 'tap';
import type { Refusals } from '../../fakes/config.ts';
import { DROP_INS, MAIN, refusal, refusesEach } from '../../fakes/config.ts';

/** What stands in `quiesced.conf`, and what is said about its values. */
const CASES: Refusals = {
  'switch: true is not yes': {
    text: '[freeze]\nexpedite = true',
    message: '2: [freeze] expedite: "true" is not yes or no',
    remedy: /^Write for example: expedite = yes$/,
  },
  'switch: null is not no': {
    text: '[freeze]\nexpedite = null',
    message: '2: [freeze] expedite: "null" is not yes or no',
    remedy: /yes/,
  },
  'switch in capitals': {
    text: '[freeze]\nexpedite = YES',
    message: '2: [freeze] expedite: "YES" is not yes or no',
    remedy: /yes/,
  },
  choice: {
    text: '[snapshot]\non-failure = ignore',
    message: '2: [snapshot] on-failure: "ignore" is not one of continue, abort',
    remedy: /on-failure = continue/,
  },
  'log level': {
    text: '[log]\nlevel = loud',
    message: '2: [log] level: "loud" is not one of error, warn, info, debug',
    remedy: /level = info/,
  },
  'count: negative': {
    text: '[scripts]\nretries = -1',
    message: '2: [scripts] retries: "-1" is not a whole number from 0 to 10',
    remedy: /retries = 0/,
  },
  'count: too many': {
    text: '[scripts]\nretries = 11',
    message: '2: [scripts] retries: "11" is not a whole number from 0 to 10',
    remedy: /0/,
  },
  'count: a fraction': {
    text: '[scripts]\nretries = 1.5',
    message: '2: [scripts] retries: "1.5" is not a whole number from 0 to 10',
    remedy: /0/,
  },
  'duration without a unit': {
    text: '[snapshot]\nfrozen-deadline = 10',
    message: '2: [snapshot] frozen-deadline: "10" is not a duration from 100ms to 60s',
    remedy: /frozen-deadline = 10s/,
  },
  'duration of nothing': {
    text: '[snapshot]\nfrozen-deadline = 0s',
    message: '2: [snapshot] frozen-deadline: "0s" is not a duration from 100ms to 60s',
    remedy: /10s/,
  },
  'negative duration': {
    text: '[snapshot]\nfrozen-deadline = -5s',
    message: '2: [snapshot] frozen-deadline: "-5s" is not a duration from 100ms to 60s',
    remedy: /10s/,
  },
  'duration too long': {
    text: '[snapshot]\nfrozen-deadline = 61s',
    message: '2: [snapshot] frozen-deadline: "61s" is not a duration from 100ms to 60s',
    remedy: /10s/,
  },
  'duration too short': {
    text: '[snapshot]\nquiesce-deadline = 999ms',
    message: '2: [snapshot] quiesce-deadline: "999ms" is not a duration from 1s to 30m',
    remedy: /180s/,
  },
  'off where it may not be': {
    text: '[scripts]\ntimeout = off',
    message: '2: [scripts] timeout: "off" is not a duration from 1s to 30m',
    remedy: /30s/,
  },
  'days are no unit': {
    text: '[schedule]\nreadiness = 1d',
    message: '2: [schedule] readiness: "1d" is not a duration from 1m to 168h, or off',
    remedy: /6h/,
  },
  'relative path': {
    text: '[scripts]\npost = bin/post.sh',
    message: '2: [scripts] post: "bin/post.sh" is not an absolute path',
    remedy: /post = \/usr\/local\/sbin\/after-snapshot/,
  },
  'path with the drive of another system': {
    text: '[notify]\non-failure = C:\\x.cmd',
    message: '2: [notify] on-failure: "C:\\\\x.cmd" is not an absolute path',
    remedy: /on-failure = /,
  },
  'address without a scheme, its password not shown': {
    text: '[proxy]\nurl = me:hunter2@proxy:3128',
    message: '2: [proxy] url: the value is not an http:// or https:// address',
    remedy: /url = http:/,
  },
  'address with a port that is none': {
    text: '[proxy]\nurl = http://proxy:99999',
    message: '2: [proxy] url: the value is not an http:// or https:// address',
    remedy: /url = http:/,
  },
  'address with a quote in its password, which redact would miss': {
    text: "[proxy]\nurl = http://me:hun'ter@proxy:3128",
    message: '2: [proxy] url: the value is not an http:// or https:// address',
    remedy: /url = http:/,
  },
  'empty item': {
    text: '[proxy]\nbypass = a,, b',
    message: '2: [proxy] bypass: an empty item is not a list of hosts, domains, addresses and networks, by comma',
    remedy: /bypass = 168\.63/,
  },
  'comma at the end': {
    text: '[proxy]\nbypass = a,',
    message: '2: [proxy] bypass: an empty item is not a list of hosts, domains, addresses and networks, by comma',
    remedy: /bypass = 168\.63/,
  },
  'empty argument': {
    text: '[snapshot]\ntaker = command\ntaker-command = /bin/take,, x',
    message:
      '3: [snapshot] taker-command: an empty item is not a program by its absolute path and its arguments, by comma',
    remedy: /taker-command = /,
  },
  'host that is an address': {
    text: '[proxy]\nbypass = a, http://b',
    message: '2: [proxy] bypass: "http://b" is not a list of hosts, domains, addresses and networks, by comma',
    remedy: /bypass = /,
  },
  'endpoint that is an address': {
    text: '[proxy]\nendpoints = a, https://b',
    message: '2: [proxy] endpoints: "https://b" is not a list of hosts, each with :PORT or for port 443, by comma',
    remedy: /endpoints = account/,
  },
  'exclusion that is none': {
    text: '[freeze]\nexclude = /data, xfs',
    message:
      '2: [freeze] exclude: "xfs" is not a list of mount points (with * and ?), type:NAME and device:/dev/NAME, by comma',
    remedy: /exclude = \/mnt/,
  },
  'program without a path': {
    text: '[snapshot]\ntaker = command\ntaker-command = lvcreate, -s',
    message:
      '3: [snapshot] taker-command: "lvcreate" is not a program by its absolute path and its arguments, by comma',
    remedy: /taker-command = \//,
  },
  'cron expression with a minute that is none': {
    text: '[schedule]\nrehearsal = 60 3 * * sun',
    message: '2: [schedule] rehearsal: "60 3 * * sun" is not a cron expression of five fields, or off',
    remedy: /rehearsal = 30 3 /,
  },
  'cron expression that is a range of all numbers there are': {
    text: '[schedule]\nrehearsal = 0 3 * *9007199254740993 0',
    message: '2: [schedule] rehearsal: "0 3 * *9007199254740993 0" is not a cron expression of five fields, or off',
    remedy: /rehearsal = 30 3 /,
  },
  'cron expression with seconds': {
    text: '[schedule]\nrehearsal = * * * * * *',
    message: '2: [schedule] rehearsal: "* * * * * *" is not a cron expression of five fields, or off',
    remedy: /rehearsal = 30 3 /,
  },
  'frozen longer than quiesced': {
    text: '[snapshot]\nquiesce-deadline = 20s\nfrozen-deadline = 30s',
    message: '3: [snapshot] frozen-deadline: frozen-deadline is longer than quiesce-deadline',
    remedy: /shorter one/,
  },
  'frozen, by default, longer than quiesced': {
    text: '[snapshot]\nquiesce-deadline = 5s',
    message: '2: [snapshot] quiesce-deadline: frozen-deadline is longer than quiesce-deadline',
    remedy: /shorter one/,
  },
  'shadow copies where there are none': {
    text: '[snapshot]\ntaker = vss',
    message: '2: [snapshot] taker: is vss, and only Windows makes shadow copies',
    remedy: /taker = command/,
  },
  'a volume that is none': {
    text: '[vss]\nvolumes = C:, /mnt',
    message:
      '2: [vss] volumes: "/mnt" is not a list of letters of disks (C:) and folders that volumes are mounted at, by comma',
    remedy: /volumes = C:/,
  },
  'a command taker without its command': {
    text: '[snapshot]\ntaker = command',
    message: '2: [snapshot] taker: the taker is a command, but there is no taker-command',
    remedy: /taker-command = PROGRAM/,
  },
  'metrics in a file that the collector does not read': {
    text: '[report]\nprometheus = /var/lib/node/quiesced.txt',
    message: '2: [report] prometheus: does not end with .prom, and the collector reads no other file',
    remedy: /prometheus = .*\.prom$/,
  },
  'a command that nobody uses': {
    text: '[snapshot]\ntaker-command = /bin/true',
    message: '2: [snapshot] taker-command: is set, but nothing says that the taker is a command',
    remedy: /taker = command/,
  },
};

refusesEach(t, CASES);

t.test('all problems of all files come in one error, each with its remedy', async (t) => {
  const error = await refusal({
    [MAIN]: 'stray = 1\n[log]\nlevel = loud\nlevel = info ; really\n[nothing]\na = b\n',
    [`${DROP_INS}/10-site.conf`]: '# mine\n[freeze]\nexpedite = on\n',
  });
  t.equal(
    error?.message,
    [
      `${MAIN}:1: stray: stands before the first section`,
      `${MAIN}:3: [log] level: "loud" is not one of error, warn, info, debug`,
      `${MAIN}:4: [log] level: is set twice; first in line 3`,
      `${MAIN}:5: [nothing]: is an unknown section`,
      `${DROP_INS}/10-site.conf:3: [freeze] expedite: "on" is not yes or no`,
    ].join('\n'),
  );
  const remedies = error?.remedy?.split('\n') ?? [];
  t.equal(remedies.length, 5);
  t.equal(remedies[4], `${DROP_INS}/10-site.conf:3: Write for example: expedite = yes`);
});

t.test('a value that a later file overrules must be right all the same', async (t) => {
  const error = await refusal({ [MAIN]: '[log]\nlevel = loud\n', [`${DROP_INS}/a.conf`]: '[log]\nlevel = info\n' });
  t.match(error?.message, `${MAIN}:2: [log] level`);
});

t.test('keys below a header that is broken do not count for the section before', async (t) => {
  const error = await refusal('[log]\nlevel = info\n[scripts\nlevel = x\n');
  t.equal(error?.message, `${MAIN}:3: starts with [ but is not the name of a section in brackets`);
});

t.test('a rule is silent about values that were refused', async (t) => {
  const error = await refusal('[snapshot]\nfrozen-deadline = 10\nquiesce-deadline = 5s\n');
  t.equal(error?.message.split('\n').length, 1);
});

t.test('a file full of garbage does not fill the terminal', async (t) => {
  const error = await refusal('nonsense\n'.repeat(1000));
  t.equal(error?.message.split('\n').length, 101);
  t.match(error?.message, /… and 900 more$/);
});
