// The counter is increased outside of the inner loop: that loop never ends.
#include <iostream>
#include <vector>

int main() {
    int rows, columns;
    std::cin >> rows >> columns;
    std::vector<unsigned> sums(rows);
    for (int i = 0; i < rows; i++) {
        volatile int j = 0;
        while (j < columns) {
            sums[i] += j;
        }
        j = j + 1;
    }
    std::cout << sums[0] << '\n';
}
