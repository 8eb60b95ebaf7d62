/* limits: memory_mib=500 */
/* beside: a secret */
/* Memory from the kernel, fresh files and stacks hold nothing of anybody. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void search(const char *what, const char *room, size_t size) {
    char word[] = "danary-";
    word[0]--;
    const char *found = memmem(room, size, word, 7);
    if (found) printf("escaped: %s: %.24s\n", what, found);
}

int main(void) {
    size_t size = 64UL << 20;
    search("anonymous", mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size);
    char *shared = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    search("shared", shared, size);
    munmap(shared, size);
    const char *folders[] = {"/tmp", "/dev/shm", "/code"};
    for (int i = 0; i < 3; i++) {
        int fd = open(folders[i], O_TMPFILE | O_RDWR, 0600);
        if (fd < 0 || ftruncate(fd, 32 << 20)) continue;
        search(folders[i], mmap(0, 32 << 20, PROT_READ, MAP_PRIVATE, fd, 0), 32 << 20);
        close(fd);
    }
    for (size_t piece = 16; piece < 1 << 20; piece *= 2) search("heap", malloc(piece), piece);
    puts("held");
    return 0;
}
