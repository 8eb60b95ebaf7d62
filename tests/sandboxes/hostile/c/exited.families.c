/* Every family, type and protocol of sockets by raw call, the upper halves of the registers set and not. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    int held = 1;
    for (long family = 0; family < 64; family++)
        for (long kind = 1; kind < 12; kind++)
            for (long upper = 0; upper <= 1L << 32; upper += 1L << 32) {
                long fd = syscall(SYS_socket, family | upper, kind, 0);
                if (fd >= 0 && family != 1 && !((family == 2 || family == 10) && kind < 3)) held = 0, printf("escaped: %ld %ld\n", family, kind);
                if (fd >= 0) close(fd);
                int pair[2];
                if (family != 1 && syscall(SYS_socketpair, family | upper, kind, 0, pair) == 0) held = 0, puts("escaped: pair");
            }
    if (held) puts("held");
    return 0;
}
