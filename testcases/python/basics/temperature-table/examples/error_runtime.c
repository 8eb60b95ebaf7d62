/* There is no file of that name: fopen gives NULL, and reading from NULL ends the program. */
#include <stdio.h>

int main(void) {
    FILE *input = fopen("input.txt", "r");
    int count;
    if (fscanf(input, "%d", &count) != 1) {
        return 1;
    }
    for (int i = 0; i < count; i++) {
        double temperature;
        char scale;
        if (fscanf(input, "%lf %c", &temperature, &scale) != 2) {
            return 1;
        }
        printf("%f\n", scale == 'C' ? temperature * 1.8 + 32 : (temperature - 32) / 1.8);
    }
    return 0;
}
