/* Threads that share nothing but memory, started by hand. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>

static int work(void *nothing) {
    for (;;) (void)nothing;
}

int main(void) {
    for (;;) {
        char *stack = malloc(65536);
        if (clone(work, stack + 65536, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, 0) < 0) free(stack);
    }
}
