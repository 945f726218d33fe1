import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { LIB_DIR } from '../system/waagent-conf.ts';

/** Hosts of storage in every cloud: `account.blob.core.windows.net`, `md-x.z12.blob.storage.azure.net`. */
const BLOB_HOST =
  /https:\/\/([a-z0-9-]+(?:\.z\d+)?\.blob\.(?:core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|storage\.azure\.net))(?=[:/"?&<])/gi;

/** As many as anybody needs to see whether storage is reached. */
const MOST = 2;
const NAMED = /^(ExtensionsConfig|VmSettings|vmSettings)[^/]*\.(xml|json)$|\.manifest\.xml$|\.agentsManifest$/;

/**
 * Storage that this machine really has to do with, by what the VM agent keeps of its goal state: the newest folder of
 * its history, then its own. Its files hold signed addresses, of which nothing but the host leaves this function.
 */
export async function storageHosts(system: System): Promise<readonly string[]> {
  const history = `${LIB_DIR}/history`;
  const newest = (await readableList(system, history)).filter((name) => !name.endsWith('.zip')).at(-1);
  const folders = [...(newest === undefined ? [] : [`${history}/${newest}`]), LIB_DIR];
  const found = new Set<string>();
  for (const folder of folders) {
    for (const name of (await readableList(system, folder)).filter((each) => NAMED.test(each))) {
      for (const host of blobHosts((await readableText(system, `${folder}/${name}`)) ?? '')) found.add(host);
      if (found.size >= MOST) return [...found].slice(0, MOST);
    }
  }
  return [...found];
}

export const blobHosts = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(BLOB_HOST)].map(([, host = '']) => host.toLowerCase())),
];
