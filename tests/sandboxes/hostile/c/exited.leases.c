/* No lease on a file that all boxes share, no news of a folder of theirs; and waiting for disks is no harm to anybody. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
    const char *shared[] = {"/etc/passwd", "/etc/group", "/usr", "/usr/bin/env", "/dev/null", "/opt/harness"};
    int held = 1;
    for (unsigned i = 0; i < sizeof shared / sizeof *shared; i++) {
        int fd = open(shared[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        held &= fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && fcntl(fd, F_SETLEASE, F_WRLCK) != 0;
        held &= fcntl(fd, F_NOTIFY, DN_ACCESS | DN_MULTISHOT) != 0;
        held &= fsync(fd) == 0 && fdatasync(fd) == 0 && sync_file_range(fd, 0, 0, 7) == 0;
        close(fd);
    }
    puts(held ? "held" : "escaped");
    return 0;
}
