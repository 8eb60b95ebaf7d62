// "reverse" is called with a number where its parameter is a text.
#include <iostream>
#include <string>

std::string reverse(std::string word) {
    return std::string(word.rbegin(), word.rend());
}

int main() {
    std::string name;
    long long number;
    while (std::cin >> name >> number) {
        std::cout << reverse(number) << '\n';
    }
}
