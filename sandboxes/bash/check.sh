# bash check.sh MAIN FILES: whether they are Bash, without running them. Exit code 1, and what is wrong, if one is not.
main=$1
shift
if [ ! -f "$main" ]; then
    echo "There is no ${main##*/}." >&2
    exit 1
fi
for name; do
    /usr/bin/bash -n "$name" || faulty=1
done
exit ${faulty:-0}
