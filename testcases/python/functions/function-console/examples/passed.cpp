#include <algorithm>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

std::string call(const std::string &name, std::istringstream &words) {
    if (name == "reverse") {
        std::string word;
        words >> word;
        std::reverse(word.begin(), word.end());
        return word;
    }
    std::vector<long long> v;
    for (long long number; words >> number;) {
        v.push_back(number);
    }
    if (name == "add") return std::to_string(v.at(0) + v.at(1));
    if (name == "gcd") return std::to_string(std::gcd(v.at(0), v.at(1)));
    if (name == "clamp") return std::to_string(std::clamp(v.at(0), v.at(1), v.at(2)));
    if (name == "largest") return std::to_string(*std::max_element(v.begin(), v.end()));
    return "no function " + name;
}

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        std::cout << call(name, words) << '\n';
    }
}
