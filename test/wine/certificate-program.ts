/** Runs on Windows (Wine): puts a certificate with its key into the personal store of the machine, as the VM agent does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { openLibrary } from '../../agent/system/native.ts';

const LOCAL_MACHINE = 0x2_0000;
/** Wine looks for the key among the user's, whatever it was imported as. */
const KEYS_OF_THE_USER = 0;
const REPLACE_EXISTING = 3;

const [, , answer = '', pfx = ''] = process.argv;
try {
  const { library, koffi } = openLibrary('crypt32.dll');
  const blob = koffi.struct({ cb: 'uint32', data: 'void *' });
  const importStore = library.func('PFXImportCertStore', 'int64', [koffi.pointer(blob), 'str16', 'uint32']);
  const openStore = library.func(
    'int64 CertOpenStore(int64 provider, uint32 encoding, int64 unused, uint32 flags, str16 name)',
  );
  const next = library.func('int64 CertEnumCertificatesInStore(int64 store, int64 previous)');
  const add = library.func(
    'int CertAddCertificateContextToStore(int64 store, int64 certificate, uint32 how, void *added)',
  );
  const bytes = readFileSync(pfx);
  const imported = importStore({ cb: bytes.length, data: bytes }, 'test', KEYS_OF_THE_USER);
  const store = openStore(10, 0, 0, LOCAL_MACHINE, 'MY');
  const certificate = imported ? next(imported, 0) : 0;
  const added = certificate && store ? add(store, certificate, REPLACE_EXISTING, null) : 0;
  library.func('int CertCloseStore(int64 store, uint32 flags)')(store, 0);
  writeFileSync(answer, JSON.stringify({ imported: Boolean(imported), added }));
} catch (error) {
  writeFileSync(answer, JSON.stringify({ error: String(error instanceof Error ? error.stack : error) }));
}
process.exit();
