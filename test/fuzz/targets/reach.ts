/** What others say on the way to Azure, and where we look for whom to reach. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../agent/reach/authorities.ts';
import { endpointAt, hopOf, hopText } from '../../../agent/reach/endpoint.ts';
import { blobHosts } from '../../../agent/reach/storage-hosts.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const MANIFEST =
  '<Uri>https://umsa1.blob.core.windows.net/a/b.zip</Uri><StatusUploadBlob>https://md-x.z12.blob.storage.azure.net/$system/s.status?sv=2018&amp;sig=abc%3D</StatusUploadBlob>';
const PEM = '# who\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\ncut off';

export const reachTargets: readonly FuzzTarget[] = [
  textTarget(
    'reach-endpoint',
    ['reach/endpoint.ts endpointAt'],
    ['storage.example', 'a.example:8443', '[fd00::8]:443', '10.0.0.8'],
    (text) => {
      const endpoint = endpointAt(text);
      if (endpoint === undefined) return;
      const { host, port } = hopOf(new URL(endpoint.url));
      mustHold(host !== '' && port >= 0 && port <= 65_535, 'a host and a port');
      mustHold(!/[\s@/?#]/.test(hopText({ host, port })), 'nothing but a host and a port');
    },
  ),
  textTarget('reach-storage', ['reach/storage-hosts.ts blobHosts'], [MANIFEST], (text) => {
    for (const host of blobHosts(text)) {
      mustHold(/^[a-z0-9.-]+$/.test(host) && host.includes('.blob.'), 'a host of storage, and no signature');
    }
  }),
  textTarget('reach-authorities', ['reach/authorities.ts certificatesIn'], [PEM], (text) => {
    for (const pem of certificatesIn(text)) {
      mustHold(pem.startsWith('-----BEGIN') && pem.endsWith('-----END CERTIFICATE-----\n'), 'one whole block');
      try {
        new X509Certificate(pem);
      } catch {
        // What is in the block is for the library to refuse.
      }
    }
  }),
];
