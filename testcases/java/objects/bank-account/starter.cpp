#include <iostream>
#include <map>
#include <sstream>
#include <string>

int main() {
    std::map<std::string, long long> balances;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string command;
        words >> command;
        // Look at the command and carry it out.
        std::cout << "refused\n";
    }
}
