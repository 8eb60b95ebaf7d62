#include <vector>
int main() {
    std::vector<std::vector<long>> all;
    for (;;) all.emplace_back(1 << 20, 7);
}
