/* Takes no line for longer than 1,000 characters: longer ones arrive in pieces, each counted as a line. */
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[1002];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char expected[1002];
        size_t open = 0, error = 0, length = strcspn(line, "\n");
        for (size_t i = 0; i < length && error == 0; i++) {
            char c = line[i];
            if (c == '(') {
                expected[open++] = ')';
            } else if (c == '[' || c == '{') {
                expected[open++] = (char)(c + 2);
            } else if (c == ')' || c == ']' || c == '}') {
                if (open == 0 || expected[--open] != c) {
                    error = i + 1;
                }
            }
        }
        if (error == 0 && open > 0) {
            error = length + 1;
        }
        if (error == 0) {
            puts("balanced");
        } else {
            printf("error at %zu\n", error);
        }
    }
    return 0;
}
