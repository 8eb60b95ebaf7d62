# Other boxes of the same container cannot be met: no abstract name, no port, no queue, no process.
import os
import socket

found = []
unix = [line for line in open("/proc/self/net/unix")][1:]
if unix:
    found.append(unix)
server = socket.socket(socket.AF_UNIX)
server.bind("\0meeting")
server.listen()
for family, address in ((socket.AF_INET, ("0.0.0.0", 4242)), (socket.AF_INET6, ("::", 4242))):
    meeting = socket.socket(family, socket.SOCK_STREAM)
    meeting.bind(address)
    meeting.listen()
    try:
        socket.create_connection(("127.0.0.1", 4242), 1)
        found.append("loopback")
    except OSError:
        pass
for name in ("tcp", "udp", "tcp6", "udp6", "raw", "packet", "route", "arp"):
    try:
        lines = open(f"/proc/self/net/{name}").read().splitlines()[1:]
    except OSError:
        continue
    if [line for line in lines if "1092" not in line]:  # 4242
        found.append((name, lines))
try:
    os.kill(3, 0)
    found.append("somebody else")
except OSError:
    pass
print(found or "held")
