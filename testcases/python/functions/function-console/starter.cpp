#include <iostream>
#include <sstream>
#include <string>

long long add(long long a, long long b) {
    return a + b;
}

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name == "add") {
            long long a, b;
            words >> a >> b;
            std::cout << add(a, b) << '\n';
        } else {
            std::cout << "no function " << name << '\n';
        }
    }
}
