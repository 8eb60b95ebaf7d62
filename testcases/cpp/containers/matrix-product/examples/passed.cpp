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
    std::ios::sync_with_stdio(false);
    Matrix a = read_matrix(), b = read_matrix();
    if (a[0].size() != b.size()) {
        std::cout << "impossible\n";
        return 0;
    }
    for (const auto &row : a) {
        std::vector<int> sums(b[0].size());
        for (std::size_t k = 0; k < row.size(); k++) {
            for (std::size_t j = 0; j < sums.size(); j++) {
                sums[j] += row[k] * b[k][j];
            }
        }
        for (std::size_t j = 0; j < sums.size(); j++) {
            std::cout << (j ? " " : "") << sums[j];
        }
        std::cout << '\n';
    }
}
