// Every place is queued again and again, since none is ever marked as seen: the queue eats all memory.
#include <iostream>
#include <vector>

struct Place {
    int row, column, steps;
    char trail[4096];
};

int main() {
    int rows, columns;
    std::cin >> rows >> columns;
    std::vector<Place> queue(1);
    for (std::size_t next = 0; next < queue.size(); next++) {
        for (int way = 0; way < 4; way++) {
            Place place = queue[next];
            place.steps++;
            queue.push_back(place);
        }
    }
    std::cout << queue.back().steps << '\n';
}
