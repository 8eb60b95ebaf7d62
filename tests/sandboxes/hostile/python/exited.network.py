# No address can be reached, no family but the harmless ones exists, and the kernel takes no program from a socket.
import socket

held = True


def must_fail(what, call):
    global held
    try:
        call()
    except OSError:
        return
    held = False
    print("escaped:", what)


for address in ("127.0.0.1", "172.17.0.1", "169.254.169.254", "1.1.1.1"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        must_fail(address, lambda: socket.socket(socket.AF_INET, kind).connect((address, 53)))
must_fail("::1", lambda: socket.socket(socket.AF_INET6).connect(("::1", 80)))
must_fail("names", lambda: socket.getaddrinfo("localhost.example", 80))
for family in set(range(64)) - {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        must_fail(f"family {family}", lambda: socket.socket(family, kind))
for protocol in (1, 2, 33, 58, 132, 136, 255, 262):
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            must_fail(f"protocol {protocol}", lambda: socket.socket(family, kind, protocol))
must_fail("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 6))
ours, theirs = socket.socketpair()
must_fail("filter", lambda: ours.setsockopt(socket.SOL_SOCKET, 26, bytes(16)))
must_fail("detached family", lambda: socket.socketpair(socket.AF_INET))
devices = [line.split(":")[0].strip() for line in open("/proc/self/net/dev") if ":" in line]
held &= devices == ["lo"]
print("held" if held else devices)
