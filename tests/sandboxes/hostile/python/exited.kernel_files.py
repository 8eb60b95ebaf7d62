# Devices, kernel settings and control groups are not there, by any name.
import os

found = []
for path in (
    "/dev/kvm", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/tty", "/dev/console", "/dev/ptmx",
    "/dev/pts", "/dev/mqueue", "/dev/hugepages", "/dev/loop0", "/dev/sda", "/dev/vda", "/sys/fs/cgroup",
    "/sys/kernel/debug", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/kcore", "/proc/timer_list",
    "/proc/keys", "/proc/key-users", "/proc/sysvipc/shm", "/proc/meminfo", "/proc/cpuinfo", "/proc/scsi", "/proc/acpi",
    "/proc/bus", "/proc/asound", "/proc/interrupts", "/proc/driver", "/proc/modules", "/proc/cmdline", "/proc/config.gz",
):
    if os.path.lexists(path):
        found.append(path)
if open("/proc/self/cgroup").read().split(":")[-1].strip() not in ("/", ""):
    found.append(open("/proc/self/cgroup").read())
print(found or "held")
