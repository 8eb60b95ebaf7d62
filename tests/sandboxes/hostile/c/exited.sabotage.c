/* What would slow down or weaken whoever cannot be named: each call for process 1, the group, the user and oneself. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int held = 1;

static void refused(const char *what, long result) {
    if (result != -1) held = 0, printf("escaped: %s\n", what);
}

int main(void) {
    struct sched_param top = {10};
    struct rlimit none = {0, 0};
    unsigned long mask = 1;
    unsigned long attributes[8] = {56, 6};
    for (int who = 0; who < 3; who++) {
        for (int kind = 0; kind < 3; kind++) refused("setpriority", syscall(SYS_setpriority, kind, who, 19));
        for (int kind = 1; kind < 4; kind++) refused("ioprio_set", syscall(SYS_ioprio_set, kind, who, 3 << 13));
        for (int kind = 0; kind < 7; kind++) refused("sched_setscheduler", syscall(SYS_sched_setscheduler, who, kind, &top));
        refused("sched_setparam", syscall(SYS_sched_setparam, who, &top));
        refused("sched_setaffinity", syscall(SYS_sched_setaffinity, who, 8, &mask));
        refused("sched_setattr", syscall(SYS_sched_setattr, who, attributes, 0));
        if (who)
            for (int kind = 0; kind < 16; kind++) refused("prlimit", syscall(SYS_prlimit64, who, kind, &none, 0));
    }
    refused("nice", nice(-1) == -1 ? -1 : 0);
    refused("SCHED_CORE", prctl(PR_SCHED_CORE, 1, 0, 0, 0));
    refused("IO_FLUSHER", prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0));
    refused("SET_MM", prctl(PR_SET_MM, 1, 0, 0, 0));
    refused("PR_SET_MEMORY_MERGE", prctl(67, 1, 0, 0, 0));
    refused("MADV_MERGEABLE", madvise((void *)((long)&mask & -4096L), 4096, 12));
    if (held) puts("held");
    return 0;
}
