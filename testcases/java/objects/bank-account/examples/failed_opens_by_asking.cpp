// The brackets of a map make an entry for a name they do not find: asking opens an account.
#include <iostream>
#include <map>
#include <string>

int main() {
    std::map<std::string, long long> balances;
    std::string command, name, to;
    long long amount;
    while (std::cin >> command >> name) {
        bool done = true;
        if (command == "open") {
            done = balances.count(name) == 0;
            balances[name] += 0;
        } else if (command == "balance") {
            std::cout << balances[name] << '\n';
            continue;
        } else if (command == "deposit") {
            std::cin >> amount;
            balances[name] += amount;
        } else if (command == "withdraw") {
            std::cin >> amount;
            done = balances[name] >= amount;
            balances[name] -= done ? amount : 0;
        } else {
            std::cin >> to >> amount;
            done = balances[name] >= amount;
            balances[name] -= done ? amount : 0;
            balances[to] += done ? amount : 0;
        }
        std::cout << (done ? "ok" : "refused") << '\n';
    }
}
