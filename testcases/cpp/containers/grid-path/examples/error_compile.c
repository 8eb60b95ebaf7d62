/* std::queue is C++; C has no such container. */
#include <queue>
#include <stdio.h>

int main(void) {
    std::queue<int> cells;
    cells.push(0);
    printf("%d\n", cells.front());
    return 0;
}
