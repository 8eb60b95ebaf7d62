// "operator" is a word of the language and cannot name a variable; and "string" has no home here.
#include <iostream>

int main() {
    int a, b;
    string operator;
    std::cin >> a >> operator >> b;
    std::cout << a + b << '\n';
}
