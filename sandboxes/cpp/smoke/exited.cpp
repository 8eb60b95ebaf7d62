#include <bits/stdc++.h>

int main() {
    int n;
    std::cin >> n;
    std::cout << "ok " << n << "\n";
}
