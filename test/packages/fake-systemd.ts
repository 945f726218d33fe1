import type { Machine } from './machine.ts';

const LOG = '/var/log/systemctl.log';

/**
 * Makes the maintainer scripts, and `quiesced service`, believe that systemd runs. Whatever changes files is done by the
 * real systemctl, offline; what would need a running systemd is only written down.
 */
export function pretendSystemd(machine: Machine): void {
  machine.put('/run/systemd/system/.keep', '');
  machine.put('/run/systemd/active/.keep', '');
  machine.put('/usr/local/sbin/systemctl', SYSTEMCTL, 0o755);
}

/** What systemctl was asked to do, but for mere questions and reloads; forgotten with that. */
export function askedOfSystemd(machine: Machine): readonly string[] {
  if (!machine.has(LOG)) return [];
  const lines = machine.read(LOG).trimEnd().split('\n');
  machine.put(LOG, '');
  return lines.filter((line) => line !== '' && line !== 'daemon-reload');
}

// It is running for us when it was started last, and not stopped since: a file for each unit that is active.
const SYSTEMCTL = `#!/bin/sh
now= offline= verb=
for word; do
  case $word in
    --now) now=1 ;;
    --system | --quiet | --) ;;
    -*) offline="$offline $word" ;;
    *) if [ -z "$verb" ]; then verb=$word; else units="$units $word"; fi ;;
  esac
done
active=/run/systemd/active
note() { echo "$*" >>${LOG}; }
switch() {
  for unit in $units; do
    case $1 in start | restart) : >"$active/$unit" ;; stop) rm -f "$active/$unit" ;; esac
  done
}
case $verb in
  is-active) [ -e "$active/\${units# }" ] ;;
  is-enabled) exec /usr/bin/systemctl --root=/ is-enabled $units ;;
  show)
    for unit in $units; do
      state=inactive; [ -e "$active/$unit" ] && state=active
      printf 'MainPID=0\\nMemoryCurrent=[not set]\\nActiveState=%s\\n' $state
      printf 'UnitFileState=%s\\n\\n' "$(/usr/bin/systemctl --root=/ is-enabled $unit 2>/dev/null)"
    done
    ;;
  enable | disable | preset)
    [ "$verb" = preset ] || note "$verb\${now:+ --now}$units"
    [ -z "$now" ] || case $verb in enable) switch start ;; disable) switch stop ;; esac
    exec /usr/bin/systemctl --root=/ --quiet $verb $units
    ;;
  *)
    note "$verb$units"
    switch "$verb"
    ;;
esac
`;
