# What goes on in the background ends with the program.
trap '' HUP TERM INT
(while :; do echo x >> /tmp/alive; done) &
disown -a
nohup sleep 1000 >/dev/null 2>&1 &
echo held
