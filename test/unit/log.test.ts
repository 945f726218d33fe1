import t from 'tap';
import { createLog, LOG_LEVELS, type LogEntry, type LogLevel, silentLog } from '../../agent/log.ts';

function logOf(level: LogLevel) {
  const lines: string[] = [];
  return { log: createLog(level, (line) => lines.push(line)), lines };
}

t.test('writes its level and what is graver', async (t) => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { log, lines } = logOf(level);
    for (const each of LOG_LEVELS) log[each](each);
    t.strictSame(
      lines.map((line) => line.split(' ')[0]),
      LOG_LEVELS.slice(0, index + 1),
    );
  }
  t.doesNotThrow(() => silentLog.error('x'));
});

t.test('one line per event, whatever is in it', async (t) => {
  const { log, lines } = logOf('info');
  log.info('two\r\nlines', { mountPoint: '/a b', n: 5, yes: true, none: undefined, path: '/a/b', quote: 'a"b\nc' });
  t.strictSame(lines, ['info  two ⏎ lines mountPoint="/a b" n=5 yes=true path=/a/b quote="a\\"b\\nc"']);
});

t.test('no secret is ever written', async (t) => {
  const { log, lines } = logOf('info');
  log.info('GET https://a/b?sv=1&sig=hunter2hunter2', { proxy: 'http://u:hunter2@p:1', password: 'a"hunter2 b', n: 1 });
  t.notMatch(lines[0], /hunter2/);
  t.match(lines[0], / n=1$/);
});

t.test('whoever wants its parts gets them apart, and without secrets too', async (t) => {
  const entries: LogEntry[] = [];
  const log = createLog('info', (_, entry) => entries.push(entry));
  log.info('two\nlines of ?sig=hunter2', { text: 'a\nb', n: 5, none: undefined, apiKey: 'hunter2, hunter2' });
  log.pause();
  log.warn('kept', { n: 1 });
  log.resume();
  t.strictSame(entries, [
    { level: 'info', message: 'two\nlines of ?sig=[redacted]', fields: { text: 'a\nb', n: '5', apiKey: '[redacted]' } },
    { level: 'warn', message: 'kept', fields: { n: '1' } },
  ]);
});

t.test('while paused nothing is written; then all is, in its order', async (t) => {
  const { log, lines } = logOf('info');
  log.info('before');
  log.pause();
  log.info('one');
  log.warn('two');
  log.pause();
  log.debug('too small');
  t.equal(lines.length, 1);
  log.resume();
  t.strictSame(lines, ['info  before', 'info  one', 'warn  two']);
  log.info('after');
  log.resume();
  t.equal(lines.length, 4, 'and nothing twice');
});

t.test('while paused it does not grow, and says what it dropped', async (t) => {
  const { log, lines } = logOf('info');
  log.pause();
  for (let number = 0; number < 2500; number += 1) log.info(`line ${number}`);
  log.resume();
  t.equal(lines.length, 1001);
  t.equal(lines[0], 'info  line 0', 'the first ones tell how it began');
  t.match(lines.at(-1), /^warn {2}1500 log lines were dropped/);
  log.pause();
  log.info('again');
  log.resume();
  t.equal(lines.length, 1002, 'and says so once');
});
