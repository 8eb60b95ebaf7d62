constexpr long turn(long n) { long s = 0; for (long i = 0; i < n; i++) s += i ^ s; return s; }
template <long N> constexpr long turns = turn(200000) + turns<N - 1>;
template <> constexpr long turns<0> = 0;
int main() { static_assert(turns<800> != 1); }
