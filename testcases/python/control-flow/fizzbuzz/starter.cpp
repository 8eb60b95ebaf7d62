#include <iostream>

int main() {
    int n;
    std::cin >> n;
    for (int number = 1; number <= n; number++) {
        // Decide what to print for this number.
        std::cout << number << '\n';
    }
}
