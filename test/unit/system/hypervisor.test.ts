import t from 'tap';
import { containerOf, containerSigns } from '../../../agent/system/container.ts';
import { type HypervisorSigns, hypervisorOf } from '../../../agent/system/hypervisor.ts';
import { fakeSystem } from '../../fakes/system.ts';

const NONE: HypervisorSigns = {
  dmi: undefined,
  sysHypervisor: undefined,
  cpuFlag: undefined,
  clockSources: 'tsc hpet acpi_pm',
  vmbus: false,
  deviceTree: undefined,
  kernel: '6.1.0',
};

const HYPERVISORS: readonly (readonly [string, Partial<HypervisorSigns>, string | undefined])[] = [
  ['nothing tells', {}, undefined],
  ['bare metal', { cpuFlag: false, dmi: 'Dell Inc.\nPowerEdge R650\nDell Inc.\nDell Inc.' }, 'none'],
  [
    'Azure, Hyper-V',
    { dmi: 'Microsoft Corporation\nVirtual Machine\nMicrosoft Corporation', cpuFlag: true },
    'hyper-v',
  ],
  ['a Surface is no Hyper-V', { dmi: 'Microsoft Corporation\nSurface Pro', cpuFlag: false }, 'none'],
  ['QEMU', { dmi: 'QEMU\nStandard PC (Q35 + ICH9, 2009)\nSeaBIOS', cpuFlag: true }, 'kvm'],
  ['OpenStack', { dmi: 'OpenStack Foundation\nOpenStack Nova' }, 'kvm'],
  ['VMware', { dmi: 'VMware, Inc.\nVMware20,1' }, 'vmware'],
  ['VirtualBox', { dmi: 'innotek GmbH\nVirtualBox\nOracle Corporation' }, 'virtualbox'],
  ['Amazon', { dmi: 'Amazon EC2\nt3.micro' }, 'kvm (Amazon Nitro)'],
  ['Amazon of old', { dmi: 'Xen\nHVM domU', sysHypervisor: 'xen' }, 'xen'],
  ['Google', { dmi: 'Google\nGoogle Compute Engine' }, 'kvm (Google)'],
  ['Nutanix', { dmi: 'Nutanix\nAHV' }, 'kvm (Nutanix AHV)'],
  ['Firecracker: no tables', { clockSources: 'tsc kvm-clock', cpuFlag: true }, 'kvm'],
  ['Hyper-V without tables', { vmbus: true }, 'hyper-v'],
  ['KVM on ARM', { deviceTree: 'linux,kvm' }, 'kvm'],
  ['Xen on ARM', { deviceTree: 'xen,xen-4.17\0xen,xen' }, 'xen'],
  ['WSL', { kernel: '5.15.153.1-microsoft-standard-WSL2', cpuFlag: true }, 'hyper-v (WSL)'],
  ['some hypervisor', { cpuFlag: true }, 'unknown'],
];

for (const [name, signs, wanted] of HYPERVISORS) {
  t.test(name, async (t) => {
    t.equal(hypervisorOf({ ...NONE, ...signs }), wanted);
  });
}

const DISK = '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n';
const OVERLAY = '27 1 0:31 / / rw,relatime - overlay overlay rw\n';

const CONTAINERS: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] = [
  ['a machine of its own', { '/proc/1/cgroup': '0::/init.scope\n', '/proc/self/mountinfo': DISK }, undefined],
  ['nothing to see', {}, undefined],
  ['systemd says', { '/run/systemd/container': 'systemd-nspawn\n' }, 'systemd-nspawn'],
  ['the manager says', { '/run/host/container-manager': 'podman' }, 'podman'],
  ['PID 1 says', { '/proc/1/environ': 'PATH=/bin\0container=lxc\0' }, 'lxc'],
  ['Docker, cgroup v1', { '/proc/1/cgroup': '5:pids:/docker/8f3e\n' }, 'docker'],
  ['Docker, cgroup v2', { '/.dockerenv': '', '/proc/1/cgroup': '0::/\n', '/proc/self/mountinfo': OVERLAY }, 'docker'],
  ['Podman', { '/run/.containerenv': '', '/proc/self/mountinfo': OVERLAY }, 'podman'],
  ['Kubernetes', { '/proc/1/cgroup': '0::/kubepods/besteffort/pod1/x\n' }, 'kubernetes'],
  ['LXC', { '/proc/1/cgroup': '4:cpu:/lxc/web\n' }, 'lxc'],
  [
    'an image exported from Docker',
    { '/.dockerenv': '', '/proc/1/cgroup': '0::/\n', '/proc/self/mountinfo': DISK },
    undefined,
  ],
];

for (const [name, files, wanted] of CONTAINERS) {
  t.test(name, async (t) => {
    const system = fakeSystem({ files });
    t.teardown(() => system.cleanUp());
    t.equal(containerOf(await containerSigns(system)), wanted);
  });
}
