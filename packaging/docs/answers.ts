import * as limits from '../../agent/checks/limits.ts';
import type { Declaration, sources } from './declarations.ts';

/** What a check may answer, as its sources write it: `…` stands for what only the machine knows. */
export interface Answered {
  readonly verdict: 'info' | 'warn' | 'fail';
  readonly detail: string;
  /** With commands on lines of their own, `$ ` before each; undefined where it is put together when it is needed. */
  readonly remedy: string | undefined;
}

/** All the answers that a declaration may give, and those among checks that it uses, in the order of the sources. */
export function answersOf(start: Declaration, source: ReturnType<typeof sources>): readonly Answered[] {
  const seen = new Map<string, Declaration>();
  const visit = (declaration: Declaration): void => {
    const key = `${declaration.file}#${declaration.name}`;
    if (seen.has(key)) return;
    seen.set(key, declaration);
    const { declarations, imports } = source(declaration.file);
    for (const [name] of declaration.text.matchAll(/\b[A-Za-z_]\w*\b/g)) {
      const from = imports.get(name);
      const used =
        declarations.get(name) ?? (from?.startsWith('agent/checks/') ? source(from).declarations.get(name) : undefined);
      // Another check has its own place, and what makes a verdict none.
      if (used === undefined || /^\s+id: '/m.test(used.text) || used.file === 'agent/checks/check.ts') continue;
      visit(used);
    }
  };
  visit(start);
  const all = [...seen.values()].flatMap(({ text, file }) => calls(text, source(file).declarations));
  return all.filter(({ detail }, index) => all.findIndex((other) => other.detail === detail) === index);
}

function calls(text: string, constants: ReadonlyMap<string, Declaration>): readonly Answered[] {
  return [...text.matchAll(/\b(info|warn|fail)\(/g)].flatMap(({ 0: call, 1: verdict, index }) => {
    const [detail, remedy] = argumentsAt(text, index + call.length).map(
      (code) => literal(code) ?? named(code, constants),
    );
    return detail === undefined ? [] : [{ verdict: verdict as Answered['verdict'], detail, remedy }];
  });
}

/** The arguments of a call, as they are written, from behind its bracket on. */
function argumentsAt(text: string, begin: number): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = begin;
  for (let at = begin; at < text.length; at++) {
    const letter = text[at] ?? '';
    if (/['"`]/.test(letter)) at = endOfString(text, at);
    else if (/[([{]/.test(letter)) depth++;
    else if (/[)\]}]/.test(letter) && depth-- === 0) return [...found, text.slice(from, at)];
    else if (letter === ',' && depth === 0) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return found;
}

/** Where the string ends that begins there; a template may have code with strings in it. */
function endOfString(text: string, begin: number): number {
  const quote = text[begin];
  for (let at = begin + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (quote === '`' && text.startsWith('${', at)) at = endOfCode(text, at + 2);
    else if (text[at] === quote) return at;
  }
  return text.length;
}

function endOfCode(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < text.length; at++) {
    const letter = text[at] ?? '';
    if (/['"`]/.test(letter)) at = endOfString(text, at);
    else if (letter === '{') depth++;
    else if (letter === '}' && depth-- === 0) return at;
  }
  return text.length;
}

/** The text that a constant of the same file stands for. */
function named(code: string, constants: ReadonlyMap<string, Declaration>): string | undefined {
  const { text = '' } = constants.get(code.trim()) ?? {};
  const [, value] = /^const [A-Z_]+ =\s*([^;]*);\s*$/.exec(text) ?? [];
  return value === undefined ? undefined : literal(value);
}

/** What is written between quotes, or undefined for anything that is computed. */
function literal(code: string): string | undefined {
  const text = code.trim();
  if (!/^['"`]/.test(text) || endOfString(text, 0) !== text.length - 1) return undefined;
  const inside = text.slice(1, -1);
  return unescaped(text.startsWith('`') ? filled(inside) : inside);
}

function filled(template: string): string {
  const begin = template.indexOf('${');
  if (begin < 0) return template;
  const end = endOfCode(template, begin + 2);
  return `${template.slice(0, begin)}${known(template.slice(begin + 2, end))}${filled(template.slice(end + 1))}`;
}

/** A limit has its value; what else is put in, only the machine knows. */
function known(code: string): string {
  if (!/^[A-Z_]+(\.\w+)+$/.test(code)) return '…';
  let value: unknown = limits;
  for (const part of code.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '…';
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 't' ? '\t' : letter));
