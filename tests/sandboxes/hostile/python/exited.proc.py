# Nothing of the supervisor can be read, nobody else can be seen, and nothing below /proc can be written.
import os

found = []
names = set(os.listdir("/proc"))
mine = {"1", str(os.getpid()), "self", "thread-self"}
if names - mine:
    found.append(names - mine)
for name in ("environ", "mem", "maps", "smaps", "pagemap", "auxv", "stack", "syscall", "io", "personality"):
    try:
        found.append((name, open(f"/proc/1/{name}", "rb").read(64)))
    except OSError:
        pass
for name in ("exe", "cwd", "root"):
    try:
        found.append((name, os.readlink(f"/proc/1/{name}")))
    except OSError:
        pass
for name in ("fd", "fdinfo", "ns", "map_files", "task/1/fd"):
    try:
        entries = os.listdir(f"/proc/1/{name}")
        found += [(name, os.readlink(f"/proc/1/{name}/{entry}")) for entry in entries]
    except OSError:
        pass
for who in ("self", "1"):
    for name in ("oom_score_adj", "mem", "uid_map", "gid_map", "setgroups", "clear_refs", "comm", "timerslack_ns"):
        try:
            os.close(os.open(f"/proc/{who}/{name}", os.O_WRONLY))
            found.append(("writable", who, name))
        except OSError:
            pass
if open("/proc/self/oom_score_adj").read() != "1000\n":
    found.append("the kernel would not choose this program first")
for name in ("kcore", "keys", "kallsyms", "kmsg", "sysrq-trigger", "sys/kernel/core_pattern", "mounts/../timer_list"):
    if os.path.exists(f"/proc/{name}"):
        found.append(name)
print(found or "held")
