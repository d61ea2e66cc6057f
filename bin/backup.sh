#!/bin/sh
# Stands in for backup.sh of backup-container: link or copy it to where that was.
here=$(dirname -- "$(readlink -f -- "$0")")
if [ -f "$here/holdfast.js" ]; then
  exec node "$here/holdfast.js" backup-container "$@"
fi
exec holdfast backup-container "$@"
