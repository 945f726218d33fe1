import t from 'tap';
import type { Check, Verdict } from '../../../agent/checks/check.ts';
import { find, type Scene } from './machine.ts';

/** One machine for one check. */
export type Row = readonly [id: string, name: string, verdict: Verdict, detail: RegExp, scene: Scene];

/** Looks in the checks of a group, and tests rows against them. */
export function groupOf(checks: readonly Check[]) {
  const check = (id: string): Check => checks.find((one) => one.id === id) as Check;
  return { check, testRows: (rows: readonly Row[]) => testRows(check, rows) };
}

/** A test a row; and each check of the rows must have a machine where it passes and one where it does not. */
function testRows(check: (id: string) => Check, rows: readonly Row[]): void {
  for (const [id, name, verdict, detail, scene] of rows) {
    t.test(`${id}: ${name}`, async (t) => {
      const finding = await find(check(id), scene);
      t.equal(finding.verdict, verdict, finding.detail);
      t.match(finding.detail, detail);
      if (verdict === 'fail' || verdict === 'warn') t.ok(finding.remedy, 'says what to do');
    });
  }
  for (const id of new Set(rows.map(([id]) => id))) {
    const verdicts = rows.filter(([tested]) => tested === id).map(([, , verdict]) => verdict);
    t.ok(verdicts.includes('pass'), `${id} passes somewhere`);
    t.ok(
      verdicts.some((verdict) => ['warn', 'fail', 'info'].includes(verdict)),
      `${id} finds something somewhere`,
    );
  }
}
