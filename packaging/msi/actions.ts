/**
 * What is run of ours while the MSI is installed, upgraded or removed: the same commands that a person has.
 *
 * Not the tables of Windows Installer for services (ServiceInstall, ServiceControl): they know neither the delayed start
 * nor what is done when the service dies nor how long the shutdown of the machine waits for it; and they wait 30 seconds
 * for a service to stop, where ours lets go of what is held first, and runs post scripts. An upgrade stops the service
 * and does not remove it: while somebody has it open (services.msc) it could not be made anew.
 */
export interface Action {
  readonly id: string;
  readonly command: string;
  /** `undo` runs when a step after it has failed, and everything is put back. */
  readonly when: 'step' | 'undo';
  /** Whether the installation goes on when it fails. */
  readonly onFailure: 'stop' | 'go-on';
  /** In the language of Windows Installer. */
  readonly condition: string;
}

const INSTALLED = 'NOT REMOVE';
const NEW = 'NOT Installed AND NOT WIX_UPGRADE_DETECTED';
const INSTEAD_OF_ANOTHER = 'NOT Installed AND WIX_UPGRADE_DETECTED';
const REMOVED = 'REMOVE="ALL"';

const undo = (id: string, command: string, condition: string): Action =>
  ({ id, command, when: 'undo', onFailure: 'go-on', condition }) as const;
const step = (id: string, command: string, condition: string): Action =>
  ({ id, command, when: 'step', onFailure: 'stop', condition }) as const;

/** In their order, once the files are there. */
export const AFTER_FILES: readonly Action[] = [
  undo('UndoNewService', 'service uninstall', NEW),
  undo('UndoUpgradedService', 'service stop', INSTEAD_OF_ANOTHER),
  step('MakeService', 'service install --no-start', INSTALLED),
  // What keeps it from starting (a configuration that is wrong) is mended on the machine: quiesced service start says it.
  { ...step('StartService', 'service start', INSTALLED), onFailure: 'go-on' },
];

/** In their order, while the files are still there. A run that does not end keeps the version that it needs. */
export const BEFORE_REMOVAL: readonly Action[] = [
  undo('UndoRemoval', 'service install', REMOVED),
  step('StopService', 'service stop', `${REMOVED} AND UPGRADINGPRODUCTCODE`),
  step('RemoveService', 'service uninstall', `${REMOVED} AND NOT UPGRADINGPRODUCTCODE`),
];
