#include <algorithm>
#include <iostream>
#include <vector>

int main() {
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    int count;
    std::cin >> count;
    std::vector<int> questions(count);
    for (int &x : questions) {
        std::cin >> x;
    }

    int limit = std::max(2, *std::max_element(questions.begin(), questions.end()));
    std::vector<char> composite(limit + 1);
    std::vector<int> primes;
    for (int i = 2; i <= limit; i++) {
        if (composite[i]) {
            continue;
        }
        primes.push_back(i);
        for (long long j = 1LL * i * i; j <= limit; j += i) {
            composite[j] = true;
        }
    }
    for (int x : questions) {
        std::cout << std::upper_bound(primes.begin(), primes.end(), x) - primes.begin() << '\n';
    }
}
