/* A parent in vfork looks to the kernel like one that waits for the disk: that must not last for ever. */
#include <unistd.h>

int main(void) {
    if (vfork() == 0)
        pause();
    return 0;
}
