import t from 'tap';
import { IMDS_ENDPOINT, imdsOf, refuseInTests } from '../../../agent/system/imds.ts';
import { anything, assert, property } from '../../fast-check.ts';

t.test('the disks of a machine', async (t) => {
  const { disks, ...rest } = imdsOf(
    {
      compute: {
        name: 'web-01',
        vmId: '02aab8a4',
        location: 'westeurope',
        azEnvironment: 'AzurePublicCloud',
        vmSize: 'Standard_M64s',
        plan: { name: 'hourly', product: 'x', publisher: 'y' },
        securityProfile: { securityType: 'TrustedLaunch', encryptionAtHost: 'true' },
        storageProfile: {
          osDisk: { diskSizeGB: '30', managedDisk: { id: '/d/os', storageAccountType: 'Premium_LRS' } },
          dataDisks: [
            {
              lun: '0',
              diskSizeGB: '1024',
              writeAcceleratorEnabled: 'true',
              managedDisk: { id: '/d/0', storageAccountType: 'UltraSSD_LRS' },
            },
            { lun: '1', diskSizeGB: '', managedDisk: {}, vhd: { uri: 'https://x/y.vhd' } },
          ],
        },
      },
      network: { interface: [{}, {}] },
    },
    -5000,
  );
  t.strictSame(rest, {
    name: 'web-01',
    vmId: '02aab8a4',
    location: 'westeurope',
    environment: 'AzurePublicCloud',
    vmSize: 'Standard_M64s',
    securityType: 'TrustedLaunch',
    encryptionAtHost: true,
    plan: 'hourly',
    networkInterfaces: 2,
    hostAheadMs: -5000,
  });
  t.strictSame(disks, [
    { lun: undefined, sizeGb: 30, storageType: 'Premium_LRS', managed: true, writeAccelerator: false },
    { lun: 0, sizeGb: 1024, storageType: 'UltraSSD_LRS', managed: true, writeAccelerator: true },
    { lun: 1, sizeGb: undefined, storageType: undefined, managed: false, writeAccelerator: false },
  ]);
});

t.test('any answer has a reading', async (t) => {
  assert(property(anything(), (answer) => Array.isArray(imdsOf(answer).disks)));
  assert(property(anything(), anything(), (compute, network) => Array.isArray(imdsOf({ compute, network }).disks)));
  assert(property(anything(), (storageProfile) => Array.isArray(imdsOf({ compute: { storageProfile } }).disks)));
  t.pass('total');
});

t.test('a test never leaves loopback', async (t) => {
  const refuse =
    (endpoint: string, env = { QUIESCED_TEST: '1' }) =>
    () =>
      refuseInTests({ env }, endpoint);
  for (const endpoint of [IMDS_ENDPOINT, 'http://127.0.0.1.example.com/', 'http://[::2]/', 'http://user@10.0.0.1/']) {
    t.throws(refuse(endpoint), { code: 'test.network' }, endpoint);
  }
  for (const endpoint of ['http://127.0.0.1:8080/x', 'http://127.9.9.9/', 'http://localhost:1/', 'http://[::1]:1/']) {
    t.doesNotThrow(refuse(endpoint), endpoint);
  }
  t.doesNotThrow(() => refuseInTests({ env: {} }, IMDS_ENDPOINT), 'outside of tests the guard is no obstacle');
});
