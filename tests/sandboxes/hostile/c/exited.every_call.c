/* limits: cpu_ms=3000 processes=16 */
/* Every system call there is, with arguments that mean nothing and with some that do, each in a child of its own. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char room[65536];

int main(void) {
    puts("held");
    fflush(stdout);
    close(0);
    for (long number = 0; number < 480; number++) {
        for (int kind = 0; kind < 2; kind++) {
            pid_t child = fork();
            if (child == 0) {
                close(1);
                close(2);
                alarm(1);
                long given = kind == 0 ? -1 : (long)room;
                if (number != SYS_pause && number != SYS_rt_sigsuspend && number != SYS_fork && number != SYS_vfork && number != SYS_clone)
                    syscall(number, kind == 1 ? 1 : given, given, given, given, given, given);
                _exit(0);
            }
            if (child < 0) break;
            /* Whoever blocks is ended: this is no test of patience. */
            for (int turn = 0; turn < 12 && waitpid(child, 0, WNOHANG) == 0; turn++) {
                usleep(100);
                if (turn == 11) kill(child, SIGKILL);
            }
            while (waitpid(-1, 0, WNOHANG) > 0);
        }
    }
    return 0;
}
