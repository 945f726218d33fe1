#!/bin/sh
# What is set here for other programs that run in Node is not for this one.
unset NODE_OPTIONS NODE_PATH
exec /usr/lib/quiesced/bin/node /usr/lib/quiesced/quiesced.mjs "$@"
