# Files with a set-user-id bit, the image's and its own, make it nobody else.
import os
import shutil
import subprocess

found = []
shutil.copy("/usr/bin/id", "/tmp/id")
os.chmod("/tmp/id", 0o6777)
said = subprocess.run(["/tmp/id"], capture_output=True, text=True).stdout
if "uid=1000" not in said or "euid" in said or "uid=0" in said:
    found.append(said)
# What is mounted over hides what is below it.
mounts = {mount.split()[4]: mount for mount in open("/proc/self/mountinfo")}
for mount in mounts.values():
    fields = mount.split()
    if "nosuid" not in fields[5]:
        found.append(mount)
    if fields[4] in ("/tmp", "/code", "/dev/shm") and "nodev" not in fields[5]:
        found.append(mount)
if "NoNewPrivs:\t1" not in open("/proc/self/status").read():
    found.append("new privileges")
print(found or "held")
