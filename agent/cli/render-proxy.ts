import type { ProxyChange } from '../proxy/change.ts';
import type { Consumer, PlaceOf } from '../proxy/effective.ts';
import type { Note } from '../proxy/restarts.ts';
import { shownValue } from '../proxy/shown.ts';
import type { ProxyValue } from '../proxy/target.ts';
import { renderNotes, renderRuns, renderSteps, stepJson } from './render-steps.ts';
import { hang } from './wrap.ts';

/** A change of `proxy`, as `docs/schema/proxy-change.schema.json` says. */
export const proxyChangeJson = (request: string, applied: boolean, { steps, runs, notes }: ProxyChange) => ({
  schema: 1,
  request,
  applied,
  files: steps.map(stepJson),
  run: runs.map(({ argv }) => argv),
  notes,
});

/** What is only shown is shown as `diff -u` would, passwords left out. */
export function renderProxyChange(applied: boolean, { steps, runs, notes }: ProxyChange, width: number): string {
  const nothing = steps.length === 0 && notes.length === 0 ? ['Nothing to do: it is as it should be.'] : [];
  const files = renderSteps(applied, steps, width);
  const after = renderRuns(applied, runs, width);
  const heading = applied && steps.length > 0 ? ['Done:'] : [];
  return `${[...nothing, ...heading, ...files, ...after, ...renderNotes(notes, width)].join('\n')}\n`;
}

export interface ProxyView {
  readonly places: readonly PlaceOf[];
  readonly consumers: readonly Consumer[];
  readonly problems: readonly Note[];
}

/** `docs/schema/proxy.schema.json` */
export const proxyViewJson = ({ places, consumers, problems }: ProxyView) => ({
  schema: 1,
  set: places.flatMap(({ id, values }) =>
    values.map(({ path, name, value }) => ({ target: id, path, name, value: shownValue(value) })),
  ),
  used: consumers.map(({ id, about, proxy, path, bypass }) => ({
    consumer: id,
    about,
    ...(proxy === undefined ? {} : { proxy: shownValue(proxy), path }),
    bypass,
  })),
  problems,
});

/** What is set, what comes of it, and what is wrong with that. */
export function renderProxyView({ places, consumers, problems }: ProxyView, width: number): string {
  const set = places.flatMap(({ about, values }) => {
    const byPath = Map.groupBy(values, ({ path }) => path);
    return [...byPath].flatMap(([path, ofPath]) => [
      ...hang('  ', `${path}: ${about}`, width),
      ...ofPath.filter(saysMore).flatMap(({ name, value }) => hang('      ', `${name} = ${shownValue(value)}`, width)),
    ]);
  });
  const used = consumers.flatMap(({ about, proxy, path }) =>
    hang('  · ', `${about}: ${proxy === undefined ? 'directly' : `${shownValue(proxy)} (${path})`}`, width),
  );
  const lines = [
    ...(set.length === 0 ? ['No proxy is set anywhere.'] : ['Set:', ...set]),
    '',
    'Used, after the next start of each:',
    ...used,
    ...renderNotes(problems, width),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same variable in capitals, with the same value, is no news. */
const saysMore = ({ name, value }: ProxyValue, _: number, all: readonly ProxyValue[]): boolean =>
  name === name.toLowerCase() || !all.some((each) => each.name === name.toLowerCase() && each.value === value);
