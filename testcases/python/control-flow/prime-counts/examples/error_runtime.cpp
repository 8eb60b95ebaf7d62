// at() looks after the bounds: the vector has no item at LIMIT, and nobody catches std::out_of_range.
#include <iostream>
#include <vector>

const int LIMIT = 1000000;

int main() {
    std::vector<bool> prime(LIMIT, true);
    prime.at(0) = prime.at(1) = false;
    for (int i = 2; i <= LIMIT; i++) {
        if (prime.at(i)) {
            for (long long j = 1LL * i * i; j < LIMIT; j += i) {
                prime.at(j) = false;
            }
        }
    }
    int questions, x;
    std::cin >> questions;
    while (questions-- > 0 && std::cin >> x) {
        int count = 0;
        for (int i = 0; i <= x; i++) {
            count += prime.at(i);
        }
        std::cout << count << '\n';
    }
}
