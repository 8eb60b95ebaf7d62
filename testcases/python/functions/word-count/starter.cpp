#include <iostream>
#include <string>

int main() {
    std::string word;
    // Cut the text into words, count them, and print one line for each.
    while (std::cin >> word) {
        std::cout << word << " 1\n";
    }
}
