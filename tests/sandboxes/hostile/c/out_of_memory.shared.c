/* Memory that children share and each of them touches: counted once, and still too much. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    size_t size = 1UL << 30;
    char *held = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fork();
    for (size_t at = 0; at < size; at += 4096) held[at] = 1;
    pause();
    return 0;
}
