LC_ALL=C
printf -v block "%01000000d" 0
held=()
while :; do held+=("$block"); done
