# Bash gives up, with 254, when it could not fork for fifteen seconds: on a busy machine that comes before its limits.
trap 'echo held; exit 0' EXIT
b() { b | b & wait; }
while :; do b; done 2>/dev/null
