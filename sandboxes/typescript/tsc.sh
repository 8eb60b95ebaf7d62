#!/bin/sh
# In the image this is /usr/bin/tsc: the quick start of snapshot.js, and behind it the compiler as Debian has it, for
# other options, and for processors that the snapshot was not made on.
node --snapshot-blob /opt/harness/typescript/tsc.blob -- "$@" 2>/dev/null
status=$?
case $status in
    0 | 2) exit $status ;;
esac
exec node /usr/share/nodejs/typescript/lib/tsc.js "$@"
