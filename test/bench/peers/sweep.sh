#!/bin/sh
# Waits until the benchmark has ended, however it ended (end of file on stdin), and leaves nothing of it behind:
# kills what it started, thaws, puts rcu_expedited back, unmounts, removes the folder.
#   sweep.sh FOLDER
trap '' INT TERM HUP
cat >/dev/null
folder=$1

mounted() { grep -F " $folder/" /proc/self/mountinfo | cut -d' ' -f5; }
thaw() { for at in $(mounted); do "$folder/bin/freeze-peer" thaw "$at" 2>/dev/null; done; }

# Twice: a freeze that was on its way when its process was killed may still come true.
for again in 1 2; do
  for pid in "$folder"/pids/*; do kill -9 "${pid##*/}" 2>/dev/null; done
  thaw
  sleep 0.2
done
# It was 0 before, or nothing would have been measured.
if [ -e "$folder/expediting" ]; then echo 0 >/sys/kernel/rcu_expedited; fi

tries=300
while [ -n "$(mounted)" ] && [ $tries -gt 0 ]; do
  thaw
  for at in $(mounted); do umount "$at" 2>/dev/null; done
  [ -z "$(mounted)" ] || sleep 0.2
  tries=$((tries - 1))
done
if [ -n "$(mounted)" ]; then
  echo "bench: still mounted: $(mounted)" >&2
  exit 1
fi
rm -rf --one-file-system "$folder"
