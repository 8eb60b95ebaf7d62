#include <iomanip>
#include <iostream>

int main() {
    int count;
    std::cin >> count;
    std::cout << std::fixed << std::setprecision(4);
    double temperature;
    char scale;
    while (count-- > 0 && std::cin >> temperature >> scale) {
        std::cout << (scale == 'C' ? temperature * 9 / 5 + 32 : (temperature - 32) * 5 / 9) << '\n';
    }
}
