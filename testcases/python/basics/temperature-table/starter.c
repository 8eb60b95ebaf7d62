#include <stdio.h>

int main(void) {
    int count;
    if (scanf("%d", &count) != 1) {
        return 1;
    }
    for (int i = 0; i < count; i++) {
        double temperature;
        char scale;
        if (scanf("%lf %c", &temperature, &scale) != 2) {
            return 1;
        }
        /* Convert the temperature to the other scale. */
        printf("%f\n", temperature);
    }
    return 0;
}
