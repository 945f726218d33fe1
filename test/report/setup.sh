#!/bin/sh
# The browser in which the pages of reports are looked at; installed where CI=1 or QUIESCED_TEST_INSTALL=1 allows for it.
# It brings no service.
set -eu

[ ! -x /usr/bin/chromium ] || exit 0
if [ "${CI:-}${QUIESCED_TEST_INSTALL:-}" != '' ] && [ "$(id -u)" = 0 ]; then
  echo 'quiesced: installing chromium'
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends chromium >/dev/null
else
  echo 'quiesced: not found, and not installed without CI=1 or QUIESCED_TEST_INSTALL=1: chromium' >&2
fi
