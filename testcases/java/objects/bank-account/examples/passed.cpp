#include <iostream>
#include <map>
#include <string>

class Bank {
public:
    bool open(const std::string &name) {
        return balances.emplace(name, 0).second;
    }

    bool move(const std::string *from, const std::string *to, long long amount) {
        if ((from && !balances.count(*from)) || (to && !balances.count(*to))) {
            return false;
        }
        if (from && balances[*from] < amount) {
            return false;
        }
        if (from) balances[*from] -= amount;
        if (to) balances[*to] += amount;
        return true;
    }

    std::string balance(const std::string &name) const {
        auto found = balances.find(name);
        return found == balances.end() ? "refused" : std::to_string(found->second);
    }

private:
    std::map<std::string, long long> balances;
};

int main() {
    Bank bank;
    std::string command, name, to;
    long long amount;
    while (std::cin >> command >> name) {
        bool done = false;
        if (command == "balance") {
            std::cout << bank.balance(name) << '\n';
            continue;
        }
        if (command == "open") {
            done = bank.open(name);
        } else if (command == "deposit") {
            std::cin >> amount;
            done = bank.move(nullptr, &name, amount);
        } else if (command == "withdraw") {
            std::cin >> amount;
            done = bank.move(&name, nullptr, amount);
        } else if (command == "transfer") {
            std::cin >> to >> amount;
            done = bank.move(&name, &to, amount);
        }
        std::cout << (done ? "ok" : "refused") << '\n';
    }
}
