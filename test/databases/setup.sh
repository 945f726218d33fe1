#!/bin/sh
# The servers that test/databases needs, from Debian's packages; installed where CI=1 or QUIESCED_TEST_INSTALL=1 allows
# for it. None of them is started: policy-rc.d says no while they are installed (deb-systemd-invoke(1p)), and what a
# package creates by itself (a cluster of PostgreSQL, say) is left alone by the tests, which run instances of their own.
set -eu

missing=''
for need in /usr/lib/postgresql/*/bin/postgres:postgresql mariadbd:mariadb-server redis-server:redis-server setpriv:util-linux; do
  # shellcheck disable=SC2086 # a pattern on purpose
  PATH="$PATH:/usr/sbin:/sbin" command -v ${need%:*} >/dev/null 2>&1 || missing="$missing ${need##*:}"
done
[ -n "$missing" ] || exit 0

if [ "${CI:-}${QUIESCED_TEST_INSTALL:-}" = '' ] || [ "$(id -u)" != 0 ]; then
  echo "quiesced: not found, and not installed without CI=1 or QUIESCED_TEST_INSTALL=1:$missing" >&2
  exit 0
fi

echo "quiesced: installing$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get -o DPkg::Lock::Timeout=120 update -qq
# shellcheck disable=SC2086 # a list of words on purpose
apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $missing >/dev/null
