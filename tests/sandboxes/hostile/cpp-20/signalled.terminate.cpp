#include <coroutine>
#include <exception>
int main() { std::terminate(); }
