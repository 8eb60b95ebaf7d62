// A stream prints six digits in all unless told otherwise: 5537.777778 becomes 5537.78.
#include <iostream>

int main() {
    int count;
    std::cin >> count;
    for (int i = 0; i < count; i++) {
        double temperature;
        char scale;
        std::cin >> temperature >> scale;
        if (scale == 'C') {
            std::cout << temperature * 9 / 5 + 32 << '\n';
        } else {
            std::cout << (temperature - 32) * 5 / 9 << '\n';
        }
    }
}
