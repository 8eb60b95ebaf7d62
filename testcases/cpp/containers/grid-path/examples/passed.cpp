#include <iostream>
#include <queue>
#include <string>
#include <utility>
#include <vector>

int main() {
    int rows, columns;
    std::cin >> rows >> columns;
    std::vector<std::string> grid(rows);
    std::vector<std::vector<int>> steps(rows, std::vector<int>(columns, -1));
    std::queue<std::pair<int, int>> queue;
    for (int r = 0; r < rows; r++) {
        std::cin >> grid[r];
        std::size_t start = grid[r].find('S');
        if (start != std::string::npos) {
            steps[r][start] = 0;
            queue.push({r, static_cast<int>(start)});
        }
    }

    const int down[] = {1, -1, 0, 0}, right[] = {0, 0, 1, -1};
    while (!queue.empty()) {
        auto [r, c] = queue.front();
        queue.pop();
        if (grid[r][c] == 'E') {
            std::cout << steps[r][c] << '\n';
            return 0;
        }
        for (int way = 0; way < 4; way++) {
            int y = r + down[way], x = c + right[way];
            if (y >= 0 && y < rows && x >= 0 && x < columns && grid[y][x] != '#' && steps[y][x] < 0) {
                steps[y][x] = steps[r][c] + 1;
                queue.push({y, x});
            }
        }
    }
    std::cout << "no way\n";
}
