import { dependencies } from '../licences.ts';
import { type Locked, locked } from '../npm-package.ts';
import { sourceDate, versionOf } from '../repository.ts';
import { TARGETS, WINDOWS } from '../target.ts';
import { uuidOf } from '../uuid.ts';

/**
 * What the packages consist of: CycloneDX 1.5 in JSON (cyclonedx.org/docs/1.5/json), by the lock file, so that the same
 * sources make the same bytes. Parts that are for one architecture only are in the packages for that one.
 */
export function sbom(): string {
  const components = bundled().map(([place, entry]) => component(place, entry));
  const self = `pkg:generic/quiesced@${versionOf()}`;
  const body = {
    version: 1,
    metadata: {
      timestamp: new Date(sourceDate() * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': self,
        name: 'quiesced',
        version: versionOf(),
        purl: self,
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components,
    dependencies: [{ ref: self, dependsOn: components.map((each) => each['bom-ref']) }],
  };
  const text = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(body))}`,
    ...body,
  };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}

/** What the bundle is made of, and what each architecture and Windows add: Node, and koffi's native file. */
function bundled(): readonly (readonly [string, Locked])[] {
  const native = [...Object.values(TARGETS), WINDOWS].flatMap(({ node, koffi }) => [
    node,
    ...new Set(koffi.map((part) => `@koromix/${part.split('/')[0]}`)),
  ]);
  const pinned = locked();
  return [...dependencies(), ...native].sort().map((place) => {
    const entry = pinned.get(place);
    if (entry === undefined) throw new Error(`package-lock.json does not pin ${place}`);
    return [place, entry];
  });
}

function component(place: string, { version, license, integrity }: Locked) {
  const whole = place.split('node_modules/').at(-1) ?? place;
  const [name = '', group] = whole.split('/').reverse();
  // package-url/purl-spec: the @ of a scope is written as %40.
  const purl = `pkg:npm/${whole.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group === undefined ? {} : { group }),
    name,
    version,
    purl,
    ...(license === undefined ? {} : { licenses: [licenceOf(license)] }),
    ...(integrity === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }] }),
  };
}

const licenceOf = (licence: string) =>
  / (OR|AND|WITH) /.test(licence) ? { expression: licence } : { license: { id: licence } };

const hexOf = (integrity: string): string => Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
