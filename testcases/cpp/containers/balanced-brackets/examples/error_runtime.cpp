// One character too far: at() throws std::out_of_range at the end of the very first line.
#include <iostream>
#include <string>
#include <vector>

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::vector<char> open;
        for (std::size_t i = 0; i <= line.size(); i++) {
            char c = line.at(i);
            if (c == '(' || c == '[' || c == '{') {
                open.push_back(c);
            } else if (!open.empty() && (c == ')' || c == ']' || c == '}')) {
                open.pop_back();
            }
        }
        std::cout << (open.empty() ? "balanced" : "error") << '\n';
    }
}
