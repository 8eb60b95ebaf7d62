#include <bits/stdc++.h>

// Only C++20 has concepts and ranges.
void print(std::integral auto n) { std::cout << "ok " << n << "\n"; }

int main() {
    int n;
    std::cin >> n;
    for (int shown : std::views::single(n)) print(shown);
}
