template <int N, int M> struct Deep { static const long value = Deep<N - 1, M>::value + Deep<N - 1, M + 1>::value; };
template <int M> struct Deep<0, M> { static const long value = M; };
int main() { return Deep<890, 1>::value; }
