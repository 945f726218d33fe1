/**
 * Shadow copies, and the process killed behind each step of them, on Wine with stand-ins: what the next command finds, and
 * what it does about it. All faults are in test/endings/shadow-copies.test.ts; here it is a process of Windows that dies.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { until } from '../system/loop-observe.ts';
import { WINE } from './machine.ts';
import { SCRIPTS, vssRig } from './vss-rig.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

const OTHERS = '{11111111-2222-4333-8444-555555555555}';
const REACHED = 'reached.txt';
const DATABASE = `[quiescer session]
client = C:\\Program Files\\quiesced\\node.exe, ${SCRIPTS}\\database.cjs
hold = hold
held = held
verify = verify
verified = still
release = release
released = released
`;
const MINUTE = 60_000;

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

t.test('killed behind each step of a shadow copy', { skip, timeout: 560_000 }, async (t) => {
  const { machine, ours, json, configure, told, events, sets, sessions, plant } = await vssRig(t);
  const { disk, quiesced, quiescedWith } = machine;
  plant();
  writeFileSync(join(disk, 'sets.json'), JSON.stringify([OTHERS]));
  writeFileSync(join(disk, 's p/database.cjs'), readFileSync(join(import.meta.dirname, 'database-stand-in.cjs')));
  const reached = () => readFileSync(join(disk, REACHED), 'utf8');
  const dying = (fault: string) => {
    told('');
    rmSync(join(disk, REACHED), { force: true });
    return quiescedWith(
      { QUIESCED_TEST_FAULT: fault, QUIESCED_TEST_FAULT_REACHED: `C:\\${REACHED}` },
      'snapshot',
      '--json',
    );
  };
  const kept = (): readonly string[] =>
    JSON.parse(readFileSync(join(ours, 'state/shadows.json'), 'utf8')).kept.map(({ set }: { set: string }) => set);
  /** What must be so once another command has been given. */
  const settled = (place: string) => {
    t.equal(quiesced('thaw').code, 0, place);
    const known = [OTHERS, ...kept()];
    t.ok(sets().includes(OTHERS), 'none of others is gone');
    t.strictSame(
      sets().filter((set) => !known.includes(set)),
      [],
      'none is left that is not on record',
    );
    t.strictSame(sessions(), [], 'no script and no log');
    t.notOk(existsSync(join(ours, 'state/owed.json')), 'nothing is owed');
    t.equal(events().filter((event) => event.startsWith('post ')).length, 1, 'the post script has run, once');
  };

  // One that will be too many, and where the next one comes by.
  configure(1);
  t.match(json('snapshot'), { consistency: 'application', faults: [] });
  dying('trace');
  const passed = reached().match(/^vss\.\S+/gm) ?? [];
  // Behind each effect; before it next to nothing has been done since the one before.
  const places = passed.filter((place) => place.includes('.after'));
  t.ok(places.length >= 7, passed.join(' '));
  const first = places.findIndex((place) => place.startsWith('vss.kept.'));

  configure(1, '', DATABASE);
  const heldBy = join(disk, 'held-by.txt');
  for (const place of places.slice(0, first)) {
    rmSync(heldBy, { force: true });
    t.equal(dying(`${place}=kill`).out, '', `${place}: it is dead`);
    t.match(reached(), place);
    const port = Number(readFileSync(heldBy, 'utf8'));
    t.ok(await until(async () => !(await isOpen(port)), MINUTE), 'the database, which was held, is free');
    settled(place);
  }
  configure(1);
  for (const place of places.slice(first)) {
    t.equal(dying(`${place}=kill`).out, '', `${place}: it is dead`);
    t.match(reached(), place);
    settled(place);
  }
  told('');
  const last = json('snapshot');
  t.match(last, { faults: [] });
  t.strictSame(sets(), [OTHERS, last.snapshot.split(' ')[0]], 'one of ours');
});
