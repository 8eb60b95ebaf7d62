# beside: a secret
found=
for name in $(compgen -e); do
    case $name in PATH|HOME|LANG|PWD|SHLVL|_|OLDPWD) ;; *) found+=" $name" ;; esac
done
[[ $(ls -A /tmp /dev/shm | tr -d '\n') == "/dev/shm:/tmp:" ]] || found+=" leftovers"
cat /proc/1/environ /proc/1/mem /etc/shadow 2>/dev/null && found+=" readable"
(exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null && found+=" network"
(exec 3<>/dev/udp/8.8.8.8/53; echo x >&3) 2>/dev/null && found+=" datagrams"
for number in {3..9} {11..254} {256..1023}; do
    { : >&$number; } 2>/dev/null && found+=" $number"
done
grep -rl "canary-[0-9a-f]" /tmp /dev/shm /proc/self/environ 2>/dev/null && found+=" secret"
printf '%s\n' "${found:-held}"
