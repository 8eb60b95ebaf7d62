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
        double converted = scale == 'C' ? temperature * 9.0 / 5.0 + 32.0 : (temperature - 32.0) * 5.0 / 9.0;
        printf("%.6f\n", converted);
    }
    return 0;
}
