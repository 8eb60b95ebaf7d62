#include <iostream>
#include <string>

std::string calculate(long long a, char operation, long long b) {
    switch (operation) {
        case '+': return std::to_string(a + b);
        case '-': return std::to_string(a - b);
        case '*': return std::to_string(a * b);
        case '/': return b == 0 ? "division by zero" : std::to_string(a / b);
        case '%': return b == 0 ? "division by zero" : std::to_string(a % b);
        default: return "unknown operator";
    }
}

int main() {
    long long a, b;
    char operation;
    std::cin >> a >> operation >> b;
    std::cout << calculate(a, operation, b) << '\n';
}
