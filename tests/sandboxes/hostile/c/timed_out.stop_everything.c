/* Every signal to everybody, for ever, process 1 and the group first. */
#include <signal.h>
#include <unistd.h>

int main(void) {
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    fork();
    fork();
    for (;;)
        for (int number = 1; number < 65; number++)
            if (number == 32 || number == 33) continue; /* the library keeps these */
            else if (number != SIGKILL && number != SIGSTOP) {
                kill(1, number);
                kill(0, number);
            } else kill(1, number);
}
