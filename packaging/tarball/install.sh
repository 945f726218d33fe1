#!/bin/sh
# Installs quiesced from this folder, for machines whose packages are neither Debian's nor RPM's, or takes it out again:
#
#     ./install.sh [--no-start]
#     /usr/lib/quiesced/install.sh --uninstall
#
# Looks first, and changes nothing where it could not work. Again over an older or newer version it is an upgrade, which
# waits for a snapshot that is under way. Configuration and state are kept, also by --uninstall. Needs no network.
#
# Exit codes: 0 done, 1 not done, 2 wrong usage.
set -eu

INVOKE=systemctl
HOME_FOLDER=/usr/lib/quiesced
UNITS='quiesced.service quiesced.socket quiesced.timer'

# include packaging/let-go.sh
# include packaging/start-enabled.sh

main() {
  umask 022
  start=yes
  case "$*" in
    '') ;;
    --no-start) start=no ;;
    --uninstall)
      uninstall
      exit 0
      ;;
    *)
      echo 'usage: install.sh [--no-start | --uninstall]' >&2
      exit 2
      ;;
  esac
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
  assert_root
  assert_floor
  assert_no_package
  install
}

refuse() {
  echo "quiesced: not installed, and nothing was changed: $1" >&2
  echo "  $2" >&2
  exit 1
}

assert_root() {
  [ "$(id -u)" = 0 ] || refuse 'this needs root' 'Run it with sudo.'
}

# What the machine is asked for, by capability: one kernel, one processor, and a C library that starts our Node.
assert_floor() {
  [ -f "$here/files.list" ] || refuse "$here/files.list is missing" 'Run install.sh from the folder that the archive was unpacked to.'
  machine=$(cat "$here/machine")
  [ "$(uname -s)" = Linux ] || refuse "this is for Linux, and here is $(uname -s)" 'See the documentation for Windows.'
  [ "$(uname -m)" = "$machine" ] ||
    refuse "this is for $machine, and here is $(uname -m)" "Get the archive for $(uname -m), if there is one."
  for need in flock timeout; do
    command -v "$need" >/dev/null || refuse "there is no $need" 'Install util-linux and coreutils.'
  done
  if ! said=$("$here/files$HOME_FOLDER/bin/node" --version 2>&1); then
    refuse "the Node in this archive does not start here: $(printf '%s\n' "$said" | head -n 1)" \
      "It needs glibc 2.28 and libstdc++ of GCC 7 or later; here is $(libc)."
  fi
}

libc() {
  getconf GNU_LIBC_VERSION 2>/dev/null || echo 'another C library than glibc'
}

# What a package manager has installed is its own to replace and to remove.
assert_no_package() {
  # shellcheck disable=SC2016 # dpkg-query's own variable
  if [ "$(dpkg-query -W -f '${db:Status-Status}' quiesced 2>/dev/null)" = installed ]; then
    refuse 'the package quiesced is installed' 'Upgrade that, or remove it first: apt-get remove quiesced'
  fi
  if rpm -q quiesced >/dev/null 2>&1; then
    refuse 'the package quiesced is installed' 'Upgrade that, or remove it first: rpm -e quiesced'
  fi
}

install() {
  if [ -e "$HOME_FOLDER/quiesced.mjs" ]; then
    if ! make_way; then
      start_enabled
      exit 1
    fi
    first=no
  else
    first=yes
  fi
  # The whole program beside the old one, then in its place: nobody meets half of it.
  rm -rf "$HOME_FOLDER.new" "$HOME_FOLDER.old"
  mkdir -p /usr/lib
  cp -R "$here/files$HOME_FOLDER" "$HOME_FOLDER.new"
  cp "$here/install.sh" "$here/files.list" "$HOME_FOLDER.new/"
  chmod 0755 "$HOME_FOLDER.new/install.sh"
  chown -R 0:0 "$HOME_FOLDER.new"
  [ ! -e "$HOME_FOLDER" ] || mv "$HOME_FOLDER" "$HOME_FOLDER.old"
  mv "$HOME_FOLDER.new" "$HOME_FOLDER"
  while read -r kind mode path; do
    put "$kind" "$mode" "$path"
  done <"$here/files.list"
  rm -rf "$HOME_FOLDER.old"
  relabel
  if command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles --create quiesced.conf || true
  fi
  if [ "$first" = yes ] && [ "$start" = yes ] && command -v systemctl >/dev/null; then
    systemctl --quiet enable quiesced.service >/dev/null 2>&1 || true
  fi
  [ "$start" = no ] || start_enabled
  echo "Installed: $(quiesced --version)"
  echo "  Next:      quiesced check"
  echo "  Remove:    $HOME_FOLDER/install.sh --uninstall"
}

# One line of files.list. What is below the program's own folder has come with it.
put() {
  case $1 in
    folder)
      mkdir -p "$3"
      chmod "$2" "$3"
      ;;
    configuration) [ -e "$3" ] || put file "$2" "$3" ;;
    file)
      mkdir -p "$(dirname "$3")"
      cp "$here/files$3" "$3.quiesced-new"
      chown 0:0 "$3.quiesced-new"
      chmod "$2" "$3.quiesced-new"
      mv -f "$3.quiesced-new" "$3"
      ;;
  esac
}

# Where SELinux is, by its policy for these places: what was copied here has the labels of where it was unpacked.
relabel() {
  command -v restorecon >/dev/null || return 0
  restorecon -R "$HOME_FOLDER" 2>/dev/null || true
  while read -r _ _ path; do
    restorecon "$path" 2>/dev/null || true
  done <"$here/files.list"
}

uninstall() {
  [ "$(id -u)" = 0 ] || { echo 'quiesced: this needs root; run it with sudo' >&2; exit 1; }
  if [ ! -f "$HOME_FOLDER/files.list" ]; then
    echo "quiesced: install.sh has installed nothing here: there is no $HOME_FOLDER/files.list" >&2
    exit 1
  fi
  leave
  forget
  if command -v systemctl >/dev/null; then
    # shellcheck disable=SC2086 # a list of words on purpose
    systemctl --no-reload disable $UNITS >/dev/null 2>&1 || true
  fi
  while read -r kind _ path; do
    case $kind in
      file)
        rm -f "$path"
        # Where there was no such shell, its folder is of no use to anybody.
        rmdir "$(dirname "$path")" 2>/dev/null || true
        ;;
      # Only when nobody has put anything there.
      folder) rmdir "$path" 2>/dev/null || true ;;
    esac
  done <"$HOME_FOLDER/files.list"
  rm -f /var/lib/systemd/timers/stamp-quiesced.timer
  rmdir /usr/share/doc/quiesced 2>/dev/null || true
  rm -rf "$HOME_FOLDER"
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload >/dev/null 2>&1 || true
  fi
  echo 'Removed. Configuration (/etc/quiesced) and state (/var/lib/quiesced) are kept.'
}

# Read as a whole before anything of it is run: --uninstall removes this very file.
main "$@"
