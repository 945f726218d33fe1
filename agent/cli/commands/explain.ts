import { allChecks } from '../../checks/all.ts';
import type { AzureCode } from '../../checks/azure-codes.ts';
import { AZURE_CODES, azureCode } from '../../checks/azure-explained.ts';
import type { Check, Finding } from '../../checks/check.ts';
import { readiness } from '../../checks/report.ts';
import { ancestors } from '../../checks/run.ts';
import { checksOn } from '../../checks/select.ts';
import { nearest } from '../../config/nearest.ts';
import { EXIT, UserError, usageError } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import type { Command } from '../context.ts';
import { type Explanation, renderCodes, renderExplanation } from '../render-explanation.ts';

export const explain: Command = async ({ given, system, json, print, width, colour }) => {
  const [word, ...more] = given.words;
  if (more.length > 0) throw usageError('one code at a time', 'explain');
  if (word === undefined) {
    print(json ? jsonOf({ schema: 1, codes: AZURE_CODES }) : renderCodes(AZURE_CODES, width));
    return EXIT.done;
  }
  const code = azureCode(word);
  if (code === undefined) throw unknownCode(word);
  const explanation = await lookHere(system, code);
  print(json ? jsonOf(explanation) : renderExplanation(explanation, { width, colour, verbose: true }));
  return EXIT.done;
};

const jsonOf = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Runs the checks of the code, and with them those that would explain why one of them fails. */
export async function lookHere(
  system: System,
  code: AzureCode,
  known: readonly Check[] = allChecks,
): Promise<Explanation> {
  const here = checksOn(system.platform, known);
  const wanted = here.filter(({ id }) => code.checks.includes(id));
  const causes = wanted.flatMap((check) => ancestors(check, here));
  const checks = here.filter((check) => wanted.includes(check) || causes.includes(check.id));
  const findings = checks.length === 0 ? [] : (await readiness(system, { checks })).findings;
  return {
    schema: 1,
    ...code,
    findings: telling(findings, wanted),
    notHere: code.checks.filter((id) => !wanted.some((check) => check.id === id)),
  };
}

/** What was asked for, and whatever hides one of those. */
const telling = (findings: readonly Finding[], wanted: readonly Check[]): readonly Finding[] => {
  const asked = findings.filter(({ id }) => wanted.some((check) => check.id === id));
  const hiding = asked.map(({ hiddenBy }) => hiddenBy);
  return findings.filter((finding) => asked.includes(finding) || hiding.includes(finding.id));
};

function unknownCode(word: string): UserError {
  const names = new Map(AZURE_CODES.flatMap(({ codes }) => codes).map((code) => [code.toLowerCase(), code]));
  const plain = word.toLowerCase();
  // A part of a name is what people remember of it.
  const holding = plain.length < 5 ? [] : [...names.keys()].filter((name) => name.includes(plain));
  const near = names.get(holding[0] ?? nearest(plain, [...names.keys()]) ?? '');
  return new UserError('explain.unknown', `${JSON.stringify(word)} is not a code that is known here`, {
    exitCode: EXIT.usage,
    remedy: near === undefined ? 'To list those that are: quiesced explain' : `Did you mean: quiesced explain ${near}`,
  });
}
