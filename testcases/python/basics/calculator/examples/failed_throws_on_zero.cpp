// Nobody catches the exception: the program ends badly instead of printing a line.
#include <iostream>
#include <stdexcept>

long long checked(long long divisor) {
    if (divisor == 0) {
        throw std::domain_error("division by zero");
    }
    return divisor;
}

int main() {
    long long a, b;
    char operation;
    std::cin >> a >> operation >> b;
    if (operation == '+') {
        std::cout << a + b << '\n';
    } else if (operation == '-') {
        std::cout << a - b << '\n';
    } else if (operation == '*') {
        std::cout << a * b << '\n';
    } else if (operation == '/') {
        std::cout << a / checked(b) << '\n';
    } else if (operation == '%') {
        std::cout << a % checked(b) << '\n';
    } else {
        std::cout << "unknown operator\n";
    }
}
