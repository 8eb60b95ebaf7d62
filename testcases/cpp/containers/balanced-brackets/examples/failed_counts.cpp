// Counts each kind for itself: ([)] has as many of each, and is not balanced.
#include <iostream>
#include <string>

int main() {
    const std::string opening = "([{", closing = ")]}";
    std::string line;
    while (std::getline(std::cin, line)) {
        int open[3] = {0, 0, 0};
        std::size_t error = 0;
        for (std::size_t i = 0; i < line.size() && error == 0; i++) {
            for (int kind = 0; kind < 3; kind++) {
                open[kind] += line[i] == opening[kind];
                open[kind] -= line[i] == closing[kind];
                if (open[kind] < 0) {
                    error = i + 1;
                }
            }
        }
        if (error == 0 && open[0] + open[1] + open[2] > 0) {
            error = line.size() + 1;
        }
        if (error == 0) {
            std::cout << "balanced\n";
        } else {
            std::cout << "error at " << error << '\n';
        }
    }
}
