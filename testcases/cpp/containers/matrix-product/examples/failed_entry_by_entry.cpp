// Multiplies entries that stand in the same place; that is another product.
#include <algorithm>
#include <iostream>
#include <vector>

using Matrix = std::vector<std::vector<int>>;

Matrix read_matrix() {
    int rows, columns;
    std::cin >> rows >> columns;
    Matrix matrix(rows, std::vector<int>(columns));
    for (auto &row : matrix) {
        for (int &entry : row) {
            std::cin >> entry;
        }
    }
    return matrix;
}

int main() {
    Matrix a = read_matrix(), b = read_matrix();
    if (a[0].size() != b.size()) {
        std::cout << "impossible\n";
        return 0;
    }
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); i++) {
        for (std::size_t j = 0; j < std::min(a[0].size(), b[0].size()); j++) {
            std::cout << a[i][j] * b[i][j] << ' ';
        }
        std::cout << '\n';
    }
}
