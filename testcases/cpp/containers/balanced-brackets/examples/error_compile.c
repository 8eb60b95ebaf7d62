/* C has no class "string" and no method size(). */
#include <stdio.h>

int main(void) {
    string line;
    while (scanf("%s", line) == 1) {
        for (int i = 0; i < line.size(); i++) {
            putchar(line[i]);
        }
    }
    return 0;
}
