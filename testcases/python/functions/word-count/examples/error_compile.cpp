// A map of texts to numbers gives pairs, and a pair cannot be printed.
#include <iostream>
#include <map>
#include <string>

int main() {
    std::map<std::string, int> counts;
    std::string word;
    while (std::cin >> word) {
        counts[word]++;
    }
    for (const auto &entry : counts) {
        std::cout << entry << '\n';
    }
}
