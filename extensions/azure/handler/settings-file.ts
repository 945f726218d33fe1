import { parseJson } from '../../../agent/system/json.ts';
import type { System } from '../../../agent/system/system.ts';
import { type FieldProblem, type Fields, fieldsOf } from '../fields.ts';

/** `N.settings` as the VM agent wrote it. The plain text of the protected part is never in it. */
export interface SettingsFile {
  readonly publicSettings: object;
  /** CMS in base64, and the certificate that it is for; undefined when the service sent none. */
  readonly sealed: { readonly base64: string; readonly thumbprint: string } | undefined;
}

export type SettingsRead =
  | { readonly settings: SettingsFile; readonly problems?: undefined }
  | { readonly settings?: undefined; readonly problems: readonly FieldProblem[] };

/** Never throws for what is in the file; `path` is named where there is no key to name. */
export async function readSettings(system: System, path: string): Promise<SettingsRead> {
  const text = await system.readText(path);
  return text === undefined ? refused(path, 'is missing') : parseSettings(text, path);
}

/** An empty file is what the agent writes when the service sent no settings at all. */
export function parseSettings(text: string, path: string): SettingsRead {
  const source = text.replace(/^\uFEFF/, '').trim();
  if (source === '') return refused(path, 'is empty: the service sent no settings');
  let value: unknown;
  try {
    value = parseJson(source);
  } catch {
    return refused(path, 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused(path, 'is not an object');
  const problems: FieldProblem[] = [];
  const [settings] =
    fieldsOf(value, '', problems).list('runtimeSettings', (item) => handlerSettings(item.object())) ?? [];
  if (problems.length > 0) return { problems };
  return settings === undefined ? refused('runtimeSettings[0].handlerSettings', 'is missing') : { settings };
}

function handlerSettings(runtime: Fields | undefined): SettingsFile | undefined {
  const handler = runtime?.object('handlerSettings');
  if (handler === undefined) return undefined;
  const base64 = handler.text('protectedSettings');
  const thumbprint = base64 === undefined ? undefined : handler.needed('protectedSettingsCertThumbprint', handler.text);
  // It becomes the name of a file.
  if (thumbprint !== undefined && !/^[0-9a-fA-F]{1,128}$/.test(thumbprint)) {
    handler.refuse('protectedSettingsCertThumbprint', 'must be hexadecimal digits');
    return undefined;
  }
  return {
    publicSettings: handler.value('publicSettings') ?? {},
    sealed: base64 === undefined || thumbprint === undefined ? undefined : { base64, thumbprint },
  };
}

const refused = (key: string, what: string): SettingsRead => ({ problems: [{ key, what }] });
