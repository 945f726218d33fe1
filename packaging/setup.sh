#!/bin/sh
# Makes a fresh clone ready: the pinned packages (Node itself among them) and, as root on Debian, the plain tools that
# the rehearsal and the tests run. Does nothing when all of it is there. Installs no service.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'quiesced: installing the pinned packages (npm ci)'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  # The runner's plugins are compiled once; without this its first run fails.
  npx --no-install tap build >/dev/null
  touch node_modules/.package-lock.json
fi

# command:package
missing=''
for need in mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs losetup:mount dmsetup:dmsetup cc:gcc python3:python3 flock:util-linux addpart:util-linux setfacl:acl; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "quiesced: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  # shellcheck disable=SC2086 # a list of words on purpose
  apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "quiesced: not found, and not installed without root:$missing" >&2
fi
