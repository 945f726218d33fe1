#!/bin/sh
# Called by the Azure VM agent, with the folder of this version as its working folder.
# What is set here for other programs that run in Node is not for this one.
unset NODE_OPTIONS NODE_PATH
here=$(cd "$(dirname "$0")/.." && pwd) || exit 1
exec "$here/program/node" "$here/program/lib/handler.mjs" "$@"
