/* One file larger than any may be. */
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    int file = open("/tmp/big", O_WRONLY | O_CREAT, 0600);
    return ftruncate(file, 1L << 40);
}
