#include <cctype>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

int main() {
    std::map<std::string, int> counts;
    std::string word;
    auto finish = [&] {
        if (!word.empty()) {
            counts[word]++;
            word.clear();
        }
    };
    for (std::istreambuf_iterator<char> it(std::cin), end; it != end; ++it) {
        unsigned char letter = static_cast<unsigned char>(*it);
        if (std::isalpha(letter)) {
            word += static_cast<char>(std::tolower(letter));
        } else {
            finish();
        }
    }
    finish();
    for (const auto &[text, count] : counts) {
        std::cout << text << ' ' << count << '\n';
    }
}
