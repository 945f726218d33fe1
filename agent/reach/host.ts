import { IMDS_ENDPOINT } from '../system/imds.ts';
import type { Endpoint } from './endpoint.ts';

const host = (url: string): Endpoint => ({ purpose: 'host', url });

/** The services of Azure's host: the same on every machine of Azure, somebody else's or nobody's elsewhere. */
export const HOST_ENDPOINTS = {
  wireServer: host('http://168.63.129.16/?comp=versions'),
  hostGaPlugin: host('http://168.63.129.16:32526/versions'),
  metadata: { ...host(IMDS_ENDPOINT), headers: { Metadata: 'true' } },
} as const;
