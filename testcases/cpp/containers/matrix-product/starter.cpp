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
    Matrix a = read_matrix();
    Matrix b = read_matrix();

    // Print the product of a and b, or that there is none.
    std::cout << a[0][0] << ' ' << b[0][0] << '\n';
}
