#include <iostream>

int main() {
    int count;
    std::cin >> count;
    for (int i = 0; i < count; i++) {
        double temperature;
        char scale;
        std::cin >> temperature >> scale;
        // Convert the temperature to the other scale.
        std::cout << temperature << '\n';
    }
}
