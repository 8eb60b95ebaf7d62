/* Stacks of threads, each filled. */
#include <alloca.h>
#include <pthread.h>
#include <unistd.h>

static void *fill(void *nothing) {
    char *room = alloca(60 << 20);
    for (long at = 0; at < 60 << 20; at += 4096) ((volatile char *)room)[at] = 1;
    pause();
    return nothing;
}

int main(void) {
    for (int i = 0; i < 8; i++) {
        pthread_t thread;
        pthread_create(&thread, 0, fill, 0);
    }
    pause();
    return 0;
}
