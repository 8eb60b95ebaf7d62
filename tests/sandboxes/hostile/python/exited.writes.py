# Only /tmp, /code and /dev/shm take files; links do not help, and devices cannot be made.
import os
import stat

found = []
for folder, folders, _files in os.walk("/"):
    if folder in ("/tmp", "/code", "/dev/shm", "/proc"):
        folders.clear()
        continue
    folders[:] = folders[:20]  # a sample: mounts decide, not single folders
    try:
        os.close(os.open(f"{folder}/new", os.O_WRONLY | os.O_CREAT))
        found.append(folder)
    except OSError:
        pass
for target in ("/etc/passwd", "/usr/bin/python3", "/opt/harness/python/harness.py", "/dev/null/x"):
    os.symlink(target, "/tmp/link")
    try:
        os.close(os.open("/tmp/link", os.O_WRONLY))
        found.append(target)
    except OSError:
        pass
    os.unlink("/tmp/link")
for change in (
    lambda: os.chmod("/usr", 0o777),
    lambda: os.rename("/code", "/tmp/code"),
    lambda: os.rmdir("/dev/shm"),
    lambda: os.mknod("/tmp/disk", 0o666 | stat.S_IFBLK, os.makedev(254, 0)),
    lambda: os.mknod("/tmp/memory", 0o666 | stat.S_IFCHR, os.makedev(1, 1)),
    lambda: os.chown("/tmp", 0, 0),
    lambda: os.setuid(0),
    lambda: os.setgroups([0]),
    lambda: os.chroot("/tmp"),
    lambda: os.link("/usr/bin/python3", "/tmp/python3"),
):
    try:
        change()
        found.append(change.__code__.co_names)
    except OSError:
        pass
os.mkfifo("/tmp/fifo")  # but what harms nobody works
print(found or "held")
