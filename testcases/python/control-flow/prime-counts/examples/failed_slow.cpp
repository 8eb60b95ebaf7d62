// Right, but every number is tested anew for every question: far too slow for ten thousand of them.
#include <iostream>

bool is_prime(int number) {
    for (int divisor = 2; divisor * divisor <= number; divisor++) {
        if (number % divisor == 0) {
            return false;
        }
    }
    return number >= 2;
}

int main() {
    int questions, x;
    std::cin >> questions;
    while (questions-- > 0 && std::cin >> x) {
        int count = 0;
        for (int number = 2; number <= x; number++) {
            count += is_prime(number);
        }
        std::cout << count << '\n';
    }
}
