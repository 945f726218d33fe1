import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { localSystem } from '../../../../agent/system/local.ts';
import type { Opened, System } from '../../../../agent/system/system.ts';
import { openEnvelope } from '../../../../extensions/azure/handler/envelope.ts';
import { openProtected } from '../../../../extensions/azure/handler/protected-settings.ts';
import { protectedSettings } from './jobs.ts';

const PLAIN = JSON.stringify(protectedSettings());
const THUMB = 'ABCDEF0123';

/** What the VM agent keeps of the certificate of this machine; made by the openssl that is here. */
function machine(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-cms-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (args: readonly string[], input?: string) =>
    execFileSync('openssl', args, { cwd: folder, input, stdio: ['pipe', 'pipe', 'ignore'] });
  openssl([
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=x',
    '-keyout',
    `${THUMB}.prv`,
    '-out',
    `${THUMB}.crt`,
  ]);
  const seal = (...options: readonly string[]): string =>
    openssl(
      [
        'cms',
        '-encrypt',
        '-binary',
        '-outform',
        'DER',
        ...options,
        ...(options.includes('-recip') ? [] : [`${THUMB}.crt`]),
      ],
      PLAIN,
    ).toString('base64');
  const file = (end: string) => readFileSync(join(folder, `${THUMB}.${end}`), 'utf8');
  return { folder, seal, certificate: file('crt'), key: file('prv') };
}

t.test('without openssl: every way in which Azure, or somebody after it, seals settings', async (t) => {
  const { seal, certificate, key } = machine(t);
  const ways: readonly (readonly string[])[] = [
    ['-aes256'],
    ['-aes128'],
    ['-des3'],
    ['-aes256', '-stream'],
    ['-aes256', '-keyid'],
    ['-aes256', '-recip', `${THUMB}.crt`, '-keyopt', 'rsa_padding_mode:oaep'],
  ];
  for (const way of ways) t.equal(openEnvelope(seal(...way), certificate, key), PLAIN, way.join(' '));
  const other = machine(t);
  t.not(openEnvelope(seal('-aes256'), other.certificate, other.key), PLAIN, 'for somebody else');
  const sealed = Buffer.from(seal('-aes256'), 'base64');
  for (let at = 0; at < sealed.length; at += 7) {
    t.not(openEnvelope(sealed.subarray(0, at).toString('base64'), certificate, key), PLAIN, `cut at ${at}`);
  }
});

t.test('with openssl, and without it, on this very machine', async (t) => {
  const { folder, seal } = machine(t);
  const system = localSystem({ root: folder, env: {} });
  const sealed = { base64: seal('-aes256'), thumbprint: THUMB.toLowerCase() };
  const ran: string[][] = [];
  const watched = {
    ...system,
    run: (argv: readonly string[], options: Parameters<typeof system.run>[1]) => {
      ran.push([...argv]);
      t.notMatch(argv.join(' '), sealed.base64.slice(0, 20), 'nothing of it is in an argv');
      return system.run(argv, options);
    },
  };
  t.strictSame(await openProtected(watched, sealed, '/'), protectedSettings());
  t.equal(ran.length, 1);
  const without = {
    ...system,
    run: async () => ({ ended: 'not-found', exitCode: undefined, stdout: '', stderr: '' }) as const,
  };
  t.strictSame(await openProtected(without, sealed, '/'), protectedSettings());
  t.equal(await openProtected(system, undefined, '/'), undefined);
  await t.rejects(openProtected(system, { ...sealed, thumbprint: 'FF' }, '/'), { code: 'azure.certificate' });
  await t.rejects(openProtected(system, { ...sealed, base64: 'AAAA' }, '/'), { code: 'azure.decrypt' });
  t.strictSame(await system.list('/'), [`${THUMB}.crt`, `${THUMB}.prv`], 'nothing was written');
});

t.test('on Windows, by the store of certificates', async (t) => {
  const asked: unknown[] = [];
  const opening = (opened: Opened): System => ({
    ...localSystem({ root: '/nonexistent', env: {} }),
    platform: 'windows',
    envelopes: {
      async open(thumbprint, envelope) {
        asked.push([thumbprint, Buffer.from(envelope).toString()]);
        return opened;
      },
    },
  });
  const sealed = { base64: Buffer.from('sealed').toString('base64'), thumbprint: 'abcdef' };
  const open = (opened: Opened) => openProtected(opening(opened), sealed, 'not asked');
  t.strictSame(await open({ state: 'opened', text: Buffer.from(PLAIN) }), protectedSettings());
  t.strictSame(asked, [['abcdef', 'sealed']]);
  await t.rejects(open({ state: 'no-key' }), { code: 'azure.certificate', message: /LocalMachine\\My\\ABCDEF/ });
  await t.rejects(open({ state: 'closed' }), { code: 'azure.decrypt' });
  await t.rejects(open({ state: 'opened', text: Buffer.from('"secret') }), {
    code: 'azure.decrypt',
    message: /^(?!.*secret)/,
  });
});
