/* The 32-bit entry in a child: what happens there happens to its caller's tree alone. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int status;
    if (fork() == 0) {
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(2L) : "memory");
        _exit(0);
    }
    wait(&status);
    if (WIFSIGNALED(status)) raise(WTERMSIG(status));
    return 0;
}
