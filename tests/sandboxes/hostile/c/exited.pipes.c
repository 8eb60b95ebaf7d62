/* SIGPIPE has the kernel's own answer here, whatever the interpreter that made the box had set. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int ends[2], status;
    if (pipe(ends)) return 1;
    close(ends[0]);
    if (fork() == 0) {
        if (write(ends[1], "x", 1)) return 3;
        return 4;
    }
    wait(&status);
    puts(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE ? "held" : "ignored");
    return 0;
}
