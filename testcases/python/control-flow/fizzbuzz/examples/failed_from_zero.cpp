// Counts from 0 to n - 1 instead of from 1 to n.
#include <iostream>
#include <string>

int main() {
    int n;
    std::cin >> n;
    for (int i = 0; i < n; i++) {
        std::string word;
        if (i % 3 == 0) word += "Fizz";
        if (i % 5 == 0) word += "Buzz";
        std::cout << (word.empty() ? std::to_string(i) : word) << '\n';
    }
}
