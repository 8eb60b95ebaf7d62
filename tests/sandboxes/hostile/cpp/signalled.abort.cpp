// The end by an exception that nobody takes.
#include <stdexcept>
int main() { throw std::runtime_error("nobody"); }
