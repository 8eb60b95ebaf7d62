#include <iostream>

int main() {
    int left, right;
    char operation;
    std::cin >> left >> operation >> right;

    // Look at the operation and print the result.
    std::cout << left << '\n';
}
