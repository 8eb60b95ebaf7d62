// The distance as if there were no walls.
#include <cstdlib>
#include <iostream>
#include <string>

int main() {
    int rows, columns, down = 0, right = 0;
    std::cin >> rows >> columns;
    for (int r = 0; r < rows; r++) {
        std::string row;
        std::cin >> row;
        for (int c = 0; c < columns; c++) {
            int sign = row[c] == 'S' ? 1 : row[c] == 'E' ? -1 : 0;
            down += sign * r;
            right += sign * c;
        }
    }
    std::cout << std::abs(down) + std::abs(right) << '\n';
}
