#include <iostream>
#include <stack>
#include <string>

std::size_t first_error(const std::string &line) {
    std::stack<char> expected;
    for (std::size_t i = 0; i < line.size(); i++) {
        switch (line[i]) {
            case '(': expected.push(')'); break;
            case '[': expected.push(']'); break;
            case '{': expected.push('}'); break;
            case ')':
            case ']':
            case '}':
                if (expected.empty() || expected.top() != line[i]) {
                    return i + 1;
                }
                expected.pop();
        }
    }
    return expected.empty() ? 0 : line.size() + 1;
}

int main() {
    std::ios::sync_with_stdio(false);
    std::string line;
    while (std::getline(std::cin, line)) {
        if (std::size_t position = first_error(line)) {
            std::cout << "error at " << position << '\n';
        } else {
            std::cout << "balanced\n";
        }
    }
}
