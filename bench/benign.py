"""The harmless programs of `repeat.py`: each near half of one of its limits, none near another.

``CPU`` programs have their limit set to twice what they use on this machine, idle; the others carry theirs.
"""

from typing import NamedTuple

from bench.work import Submission

_CPU_PYTHON = """x = int(input())
for _ in range(2_500_000):
    x = (x * 1103515245 + 12345) % 2147483648
print(x)
"""
_CPU_CPP = """#include <cstdio>

int main() {
    unsigned long long x;
    if (std::scanf("%llu", &x) != 1) return 1;
    for (long i = 0; i < 150'000'000; i++) x = (x * 1103515245 + 12345) % 2147483648;
    std::printf("%llu\\n", x);
}
"""
_CPU_JAVA = """import java.util.Scanner;

public class Main {
    public static void main(String[] arguments) {
        long x = new Scanner(System.in).nextLong();
        for (long i = 0; i < 100_000_000L; i++) {
            x = (x * 1103515245L + 12345L) % 2147483648L;
        }
        System.out.println(x);
    }
}
"""
_MEMORY_PYTHON = """held = bytearray(b"1") * (110 * 1024 * 1024)
print(sum(held[::4096]))
"""
_MEMORY_CPP = """#include <cstdio>
#include <vector>

int main() {
    std::vector<unsigned char> held(120u << 20, 1);
    long sum = 0;
    for (std::size_t i = 0; i < held.size(); i += 4096) sum += held[i];
    std::printf("%ld\\n", sum);
}
"""
_OUTPUT_PYTHON = """for number in range(4000):
    print(f"{number:07d}")
"""
_SLEEP_PYTHON = """import time

time.sleep(0.5)
print("awake")
"""
_RECURSION_PYTHON = """import sys

sys.setrecursionlimit(20_000)


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


print(depth(9_000))
"""
_RECURSION_CPP = """#include <cstdio>

long depth(volatile long n) { return n == 0 ? 0 : 1 + depth(n - 1); }

int main() { std::printf("%ld\\n", depth(60'000)); }
"""
_RECURSION_JAVA = """public class Main {
    static int depth(int n) {
        return n == 0 ? 0 : 1 + depth(n - 1);
    }

    public static void main(String[] arguments) {
        System.out.println(depth(9_000));
    }
}
"""


def congruential(x: int, times: int) -> int:
    """What the CPU programs print for ``x``: the step, composed with itself by squaring, so it is known at once."""
    modulus, factor, addend = 2**31, 1103515245, 12345
    total_factor, total_addend = 1, 0
    while times:
        if times & 1:
            total_factor, total_addend = (
                total_factor * factor % modulus,
                (total_addend * factor + addend) % modulus,
            )
        addend = (addend * factor + addend) % modulus
        factor = factor * factor % modulus
        times >>= 1
    return (x * total_factor + total_addend) % modulus


class Benign(NamedTuple):
    """A program, its suite's limits, and whether its processor limit is to be set by what it uses."""

    name: str
    submission: Submission
    limits: dict[str, int]
    is_calibrated: bool = False


def _program(name: str, language: str, source: str, given: str, wanted: object, **limits: int) -> Benign:
    return Benign(name, Submission(language, source, [(given, f"{wanted}\n")]), limits)


def _calibrated(name: str, language: str, source: str, times: int) -> Benign:
    made = _program(name, language, source, "42\n", congruential(42, times), cpuMs=20_000)
    return made._replace(is_calibrated=True)


PROGRAMS = (
    _calibrated("CPU, Python", "python", _CPU_PYTHON, 2_500_000),
    _calibrated("CPU, C++", "cpp", _CPU_CPP, 150_000_000),
    _calibrated("CPU, Java", "java", _CPU_JAVA, 100_000_000),
    _program("memory, Python", "python", _MEMORY_PYTHON, "", 49 * 110 * 256, memoryMib=256),
    _program("memory, C++", "cpp", _MEMORY_CPP, "", 120 * 256, memoryMib=256),
    _program(
        "output, Python",
        "python",
        _OUTPUT_PYTHON,
        "",
        "\n".join(f"{n:07d}" for n in range(4000)),
        outputKib=64,
    ),
    _program("sleep, Python", "python", _SLEEP_PYTHON, "", "awake", wallMs=1000),
    _program("recursion, Python", "python", _RECURSION_PYTHON, "", 9_000),
    _program("recursion, C++", "cpp", _RECURSION_CPP, "", 60_000),
    _program("recursion, Java", "java", _RECURSION_JAVA, "", 9_000),
)
