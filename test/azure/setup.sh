#!/bin/sh
# Microsoft's emulator of the storage, from npm and pinned, in a folder of its own; and openssl, which makes the
# certificates. openssl is installed where CI=1 or QUIESCED_TEST_INSTALL=1 allows for it. No service.
set -eu
cd "$(dirname "$0")/azurite-package"

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'quiesced: installing azurite (npm ci)'
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi

if ! command -v openssl >/dev/null 2>&1; then
  if [ "${CI:-}${QUIESCED_TEST_INSTALL:-}" != '' ] && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    apt-get -o DPkg::Lock::Timeout=120 update -qq
    apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends openssl >/dev/null
  else
    echo 'quiesced: not found, and not installed without CI=1 or QUIESCED_TEST_INSTALL=1: openssl' >&2
  fi
fi
