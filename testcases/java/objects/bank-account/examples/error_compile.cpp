// The balance is private and nobody but the account itself may touch it.
#include <iostream>

class Account {
    long long balance = 0;
};

int main() {
    Account account;
    long long amount;
    while (std::cin >> amount) {
        account.balance += amount;
        std::cout << "ok\n";
    }
}
