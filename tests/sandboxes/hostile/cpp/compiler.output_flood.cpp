// One mistake, told without end.
template <int n> struct a { a<n - 1> x; static_assert(n < 0, "a very long message that is told again and again, for every one of them"); };
template <int n> struct b { a<n> y; b<n - 1> z; };
int main() { b<890> all; }
