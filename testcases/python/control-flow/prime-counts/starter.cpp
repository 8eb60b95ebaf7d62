#include <iostream>

int main() {
    int questions;
    std::cin >> questions;
    for (int i = 0; i < questions; i++) {
        int x;
        std::cin >> x;
        // How many primes are at most x?
        std::cout << x << '\n';
    }
}
