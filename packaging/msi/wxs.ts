import { posix } from 'node:path';
import { EVENT_SOURCE_VALUES } from '../../agent/system/event-log-windows.ts';
import type { RegistryValue } from '../../agent/system/registry.ts';
import { MAINTAINER, SUMMARY } from '../about.ts';
import { uuidOf } from '../uuid.ts';

/** What makes all versions one product: never changed. */
export const UPGRADE_CODE = '5F089962-31F9-4208-8E9C-ECB5972D4A3C';

export interface MsiSource {
  readonly version: string;
  /** The folder that holds what lands in `C:\Program Files\quiesced`. */
  readonly root: string;
  /** Below it, with `/`. */
  readonly files: readonly string[];
}

export const PROGRAM_FOLDER = 'ProgramFolder';
export const COMMAND_NAME = 'quiesced.cmd';
/** The component that what belongs to no file goes with: PATH, and the source of events. */
export const COMMAND = `bin/${COMMAND_NAME}`;
/** Windows 10 and Server 2016 are the first to have it, and the first that Node 24 runs on. */
const MAJOR_VERSION = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\CurrentMajorVersionNumber';

/** The source that wixl(1) makes the MSI of. Folders have names in mixed case: no command line can move them. */
export const wxs = ({ version, root, files }: MsiSource): string =>
  `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="${uuidOf(`product ${version}`)}" UpgradeCode="${UPGRADE_CODE}" Name="quiesced" Version="${version}"
 Manufacturer="${text(MAINTAINER.replace(/ <.*/, ''))}" Language="1033">
<Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine"
 Description="${text(SUMMARY)}"/>
<MajorUpgrade DowngradeErrorMessage="A newer version of quiesced is installed."/>
<Media Id="1" Cabinet="quiesced.cab" EmbedCab="yes"/>
<Property Id="ARPNOMODIFY" Value="1"/>
<!-- Also files whose version is lower, or that have none: what is installed is what is in the package. -->
<Property Id="REINSTALLMODE" Value="amus"/>
<!-- Our own actions stop what runs; Restart Manager would do it first, and give it 30 seconds. -->
<Property Id="MSIRESTARTMANAGERCONTROL" Value="Disable"/>
<Property Id="MAJORVERSION">
<RegistrySearch Id="MajorVersion" ${place(MAJOR_VERSION)} Type="raw" Win64="yes"/>
</Property>
<Condition Message="quiesced needs Windows Server 2016, Windows 10 or newer.">Installed OR MAJORVERSION</Condition>
<Directory Id="TARGETDIR" Name="SourceDir">
<Directory Id="ProgramFiles64Folder">
${folder('', PROGRAM_FOLDER, 'quiesced', root, files)}</Directory>
</Directory>
<Feature Id="Complete" Title="quiesced" Level="1" Absent="disallow">
${files.map((file) => `<ComponentRef Id="${componentId(file)}"/>\n`).join('')}</Feature>
</Product>
</Wix>
`;

function folder(path: string, id: string, name: string, root: string, files: readonly string[]): string {
  const here = files.filter((file) => posix.dirname(file) === (path || '.'));
  const below = new Set(files.filter((file) => file.startsWith(path && `${path}/`)).map((file) => child(path, file)));
  const folders = [...below].filter((name) => !here.includes(join(path, name)));
  return `<Directory Id="${id}" Name="${text(name)}">
${here.map((file) => component(file, root)).join('')}${folders
  .map((name) => folder(join(path, name), folderId(join(path, name)), name, root, files))
  .join('')}</Directory>
`;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);
const child = (path: string, file: string): string => file.slice(path === '' ? 0 : path.length + 1).split('/')[0] ?? '';

/** Each file one, as Windows Installer counts: by its place, so that the same place is the same component for ever. */
const component = (file: string, root: string): string =>
  `<Component Id="${componentId(file)}" Guid="${uuidOf(`component ${file}`)}" Win64="yes">
<File Id="${fileId(file)}" Name="${text(posix.basename(file))}" Source="${text(`${root}/${file}`)}" KeyPath="yes"/>
${file === COMMAND ? eventSource() : ''}</Component>
`;

const eventSource = (): string =>
  Object.entries(EVENT_SOURCE_VALUES)
    .map(([path, value]) => `<RegistryValue ${place(path)} ${typed(value)}/>\n`)
    .join('');

function place(path: string): string {
  const [hive, ...keys] = path.split('\\');
  const name = keys.pop();
  return `Root="${hive}" Key="${text(keys.join('\\'))}" Name="${name}"`;
}

function typed(value: RegistryValue): string {
  if (value.type === 'dword') return `Type="integer" Value="${value.data}"`;
  if (value.type === 'sz') return `Type="string" Value="${text(value.data)}"`;
  throw new Error(`no ${value.type} is written by the MSI`);
}

export const componentId = (file: string): string => `Component_${shortId(file)}`;
export const folderId = (path: string): string => `Folder_${shortId(path)}`;
export const fileId = (file: string): string => `File_${shortId(file)}`;
/** An identifier of Windows Installer has 72 characters at most, and no hyphens. */
const shortId = (path: string): string => uuidOf(path).replaceAll('-', '');

const text = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
