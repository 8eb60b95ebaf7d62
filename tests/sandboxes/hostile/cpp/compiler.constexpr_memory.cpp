// Constants that take all memory there is.
template <long n> struct list { static constexpr long value = n + list<n - 1>::value; };
constexpr long eat(long n) { long sum = 0; for (long i = 0; i < n; i++) sum += i; return sum; }
template <long... n> constexpr long all(long) { return (eat(100000 + n) + ...); }
template <long a, long b> struct two { typedef two<a + 1, b * 2> next; typedef two<a * 2 + 1, b> other; static constexpr long value = next::other::value + other::next::value; };
static_assert(all<1, 2, 3, 4, 5, 6, 7, 8, 9>(0) == two<1, 1>::value);
int main() {}
