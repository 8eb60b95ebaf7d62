/* never: lost */
/* Files that are deleted and held open, files with holes, attributes and names without number: all of it has an end. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static char room[1 << 20];

int main(void) {
    signal(SIGXFSZ, SIG_IGN);
    long written = 0, attributes = 0;
    for (int i = 0; i < 200; i++) {
        int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        ssize_t done;
        if (fd < 0) break;
        while ((done = write(fd, room, sizeof room)) > 0) written += done;
        fallocate(fd, 0, 1L << 25, 1L << 25);
        ftruncate(fd, 1L << 26);
        if (written > 65L << 20) break;
    }
    int fd = open("/dev/shm/x", O_CREAT | O_RDWR, 0600);
    for (int i = 0; i < 100000; i++) {
        char name[64];
        sprintf(name, "user.%d", i);
        if (fsetxattr(fd, name, room, 60000, 0)) break;
        attributes += 60000;
    }
    printf(written <= 64L << 20 && attributes <= 64L << 20 ? "held\n" : "escaped: %ld %ld\n", written, attributes);
    return 0;
}
