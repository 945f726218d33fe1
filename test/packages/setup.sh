#!/bin/sh
# What the tests of packages need besides what setup.sh has brought; installed where CI=1 or QUIESCED_TEST_INSTALL=1
# allows for it. None of it brings a service.
set -eu

missing=''
for need in mmdebstrap:mmdebstrap lintian:lintian strip:binutils aarch64-linux-gnu-strip:binutils-aarch64-linux-gnu \
  rpmbuild:rpm rpmlint:rpmlint unshare:util-linux; do
  command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
done
[ -n "$missing" ] || exit 0

if [ "${CI:-}${QUIESCED_TEST_INSTALL:-}" != '' ] && [ "$(id -u)" = 0 ]; then
  echo "quiesced: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=120 update -qq
  # shellcheck disable=SC2086 # a list of words on purpose
  apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "quiesced: not found, and not installed without CI=1 or QUIESCED_TEST_INSTALL=1:$missing" >&2
fi
