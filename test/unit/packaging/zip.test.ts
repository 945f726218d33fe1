import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { handlerManifest } from '../../../extensions/azure/manifest.ts';
import { zip } from '../../../packaging/extension/zip.ts';

const ENTRIES = [
  { name: 'HandlerManifest.json', bytes: Buffer.from(handlerManifest('linux')), mode: 0o644 },
  { name: 'bin/handler', bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
  { name: 'empty', bytes: Buffer.alloc(0), mode: 0o644 },
  { name: 'large', bytes: Buffer.alloc(3_000_000, 'ab'), mode: 0o644 },
];

t.test('as Python unpacks it, which is what the VM agent is written in', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-zip-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'x.zip');
  writeFileSync(file, zip(ENTRIES, 1_700_000_000));
  const script =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2]);' +
    'print([(i.filename, i.external_attr >> 16 & 0o777, i.date_time) for i in z.infolist()])';
  const printed = execFileSync('python3', ['-c', script, file, folder], { encoding: 'utf8' });
  t.match(printed, /\('bin\/handler', 493, \(2023, 11, 14, 22, 13, 20\)\)/);
  for (const { name, bytes } of ENTRIES) t.ok(readFileSync(join(folder, name)).equals(bytes), name);
  t.ok(statSync(file).size < 10_000);
  t.ok(zip(ENTRIES, 1_700_000_000).equals(readFileSync(file)), 'the same files make the same bytes');
});

t.test('the manifest is what the agent asks for', async (t) => {
  const [manifest] = JSON.parse(handlerManifest('linux'));
  for (const verb of ['install', 'enable', 'update', 'disable', 'uninstall']) {
    t.equal(manifest.handlerManifest[`${verb}Command`], `bin/handler ${verb}`);
  }
  t.match(manifest.handlerManifest, { reportHeartbeat: false, continueOnUpdateFailure: true });
  const [windows] = JSON.parse(handlerManifest('windows'));
  t.match(windows, { name: 'BackupWindows', handlerManifest: { enableCommand: 'bin\\enable.cmd' } });
});
