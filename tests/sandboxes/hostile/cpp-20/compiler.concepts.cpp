// Concepts that ask each other without end, and constants that take for ever.
template <class T, int n> concept deep = requires { requires n == 0 || deep<T*, n - 1>; };
consteval long burn(long n) { long sum = 0; while (sum < n) sum += 1; return sum; }
static_assert(burn(1L << 60) == 7);
int main() { return 0; }
