#!/bin/sh
# Waits until a test has ended, however it ended, and leaves nothing of it behind: kills what names its folder, thaws,
# puts rcu_expedited back, unmounts, detaches, removes the folder. The folder comes as the first line of stdin: so this
# process does not name it. The end of stdin is the end of the test; or else its process is dead, which keeps stdin
# open as long as one of its threads hangs in the kernel.
trap '' INT TERM HUP
read -r folder || exit 1
case $folder in /var/tmp/quiesced-loop-*) ;; *) exit 1 ;; esac
exec 3<&0
cat <&3 >/dev/null &
input=$!
while sleep 0.5 && grep -qs '^State:.[^ZX]' "/proc/$PPID/status"; do :; done && kill -9 $input &
watch=$!
wait $input
kill -9 $watch 2>/dev/null
expedited=no
if grep -qs '"expedited":true' "$folder/root/run/quiesced/journal/freeze.jsonl"; then expedited=yes; fi

mounted() { grep -F " $folder/" /proc/self/mountinfo | cut -d' ' -f5 | tac; }
attached() { losetup -nO NAME,BACK-FILE | grep -F " $folder/" | cut -d' ' -f1; }
kin() { printf '%s\n' "$folder" | grep -lsF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline | cut -d/ -f3 | sort -u; }

tries=0
while :; do
  for pid in $(kin); do kill -9 "$pid" 2>/dev/null; done
  # All at once and without waiting: the thaw of one may need another one to be thawed first.
  for at in $(mounted); do fsfreeze --unfreeze "$at" 2>/dev/null & done
  sleep 0.05
  for at in $(mounted); do umount "$at" 2>/dev/null; done
  for device in $(attached); do losetup -d "$device" 2>/dev/null; done
  tries=$((tries + 1))
  [ -n "$(mounted)$(attached)" ] && [ $tries -lt 300 ] || break
  sleep 0.1
done
[ $expedited = no ] || echo 0 >/sys/kernel/rcu_expedited
if [ -n "$(mounted)$(attached)" ]; then
  echo "test: still in use: $(mounted) $(attached)" >&2
  for at in $(mounted); do umount -l "$at"; done
  exit 1
fi
rm -rf --one-file-system "$folder"
