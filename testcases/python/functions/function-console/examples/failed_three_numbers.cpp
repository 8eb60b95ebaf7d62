// "largest" reads three numbers, however many there are.
#include <algorithm>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string name, word;
        long long a = 0, b = 0, c = 0;
        words >> name;
        if (name == "reverse") {
            words >> word;
            std::cout << std::string(word.rbegin(), word.rend()) << '\n';
            continue;
        }
        words >> a >> b >> c;
        if (name == "add") {
            std::cout << a + b << '\n';
        } else if (name == "gcd") {
            std::cout << std::gcd(a, b) << '\n';
        } else if (name == "clamp") {
            std::cout << std::clamp(a, b, c) << '\n';
        } else if (name == "largest") {
            std::cout << std::max({a, b, c}) << '\n';
        } else {
            std::cout << "no function " << name << '\n';
        }
    }
}
