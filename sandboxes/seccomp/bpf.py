"""Assembles the box's filter as a classic BPF program (linux/seccomp.h, linux/filter.h).

Numbers are looked up by a binary tree over ranges, so a call costs about eight comparisons, whatever its number; every
leaf returns.
"""

import struct
from functools import cache

from sandboxes.seccomp import policy

_LD, _JA, _JEQ, _JGE, _JSET, _RET = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARG = 0, 4, 16  # offsets in struct seccomp_data; an argument's low half comes first

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000
_EPERM, _ENOSYS, _EPROTONOSUPPORT, _EAFNOSUPPORT = 1, 38, 93, 97
_X86_64 = 0xC000003E
_X32_BIT = 0x40000000

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


@cache
def box_filter() -> bytes:
    """The program as an array of ``struct sock_filter``, ready for seccomp(2)."""
    program = [
        (_LD, 0, 0, _ARCH),
        (_JEQ, 1, 0, _X86_64),
        (_RET, 0, 0, KILL_PROCESS),  # the 32-bit entry: other numbers, other arguments, no honest use
        (_LD, 0, 0, _NUMBER),
        (_JGE, 0, 1, _X32_BIT),
        (_RET, 0, 0, KILL_PROCESS),  # nor has this one; the container's profile answers the same
        *_tree(_ranges()),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _ranges() -> list[tuple[int, list[Instruction]]]:
    """(first number, what to do from there on), ascending; neighbours that do the same are one range."""
    numbers = policy.syscall_numbers()
    actions = {number: _action(name) for name, number in numbers.items()}
    refused: list[Instruction] = [(_RET, 0, 0, _ERRNO | _EPERM)]
    unknown: list[Instruction] = [(_RET, 0, 0, _ERRNO | _ENOSYS)]
    result: list[tuple[int, list[Instruction]]] = []
    newest = max(numbers.values())
    for number in range(newest + 2):
        action = actions.get(number, refused) if number <= newest else unknown
        if not result or result[-1][1] != action:
            result.append((number, action))
    return result


def _action(name: str) -> list[Instruction]:
    if name in policy.CHECKED:
        return _CHECKS[name]
    if name in policy.ALLOWED:
        return [(_RET, 0, 0, ALLOW)]
    if name in policy.NOTHING_TO_DO:
        return [(_RET, 0, 0, _ERRNO)]
    return [(_RET, 0, 0, _ERRNO | (_ENOSYS if name in policy.UNKNOWN else _EPERM))]


def _argument_in(index: int, values: tuple[int, ...], inside: int, outside: int) -> list[Instruction]:
    """Compares the low 32 bits of an argument: the kernel cuts an int there too, so the upper half hides nothing."""
    tests = [(_JEQ, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [(_LD, 0, 0, _ARG + 8 * index), *tests, (_RET, 0, 0, outside), (_RET, 0, 0, inside)]


def _socket_check() -> list[Instruction]:
    ipv4, ipv6 = policy.INTERNET_FAMILIES
    return [
        (_LD, 0, 0, _ARG),
        (_JEQ, 3, 0, policy.UNIX_FAMILY),
        (_JEQ, 3, 0, ipv4),
        (_JEQ, 2, 0, ipv6),
        (_RET, 0, 0, _ERRNO | _EAFNOSUPPORT),
        (_RET, 0, 0, ALLOW),
        *_argument_in(2, policy.INTERNET_PROTOCOLS, ALLOW, _ERRNO | _EPROTONOSUPPORT),
    ]


_REFUSED = _ERRNO | _EPERM
_CHECKS: dict[str, list[Instruction]] = {
    "clone": [
        (_LD, 0, 0, _ARG),
        (_JSET, 1, 0, policy.NAMESPACE_FLAGS),
        (_RET, 0, 0, ALLOW),
        (_RET, 0, 0, _REFUSED),
    ],
    "socket": _socket_check(),
    "socketpair": _argument_in(0, (policy.UNIX_FAMILY,), ALLOW, _ERRNO | _EAFNOSUPPORT),
    "setsockopt": _argument_in(2, policy.FORBIDDEN_SOCKET_OPTIONS, _REFUSED, ALLOW),
    "ioctl": _argument_in(1, policy.FORBIDDEN_IOCTLS, _REFUSED, ALLOW),
    "fcntl": _argument_in(1, policy.FORBIDDEN_FCNTLS, _REFUSED, ALLOW),
    "madvise": _argument_in(2, policy.FORBIDDEN_ADVICE, _REFUSED, ALLOW),
    "prctl": _argument_in(0, policy.FORBIDDEN_PRCTLS, _REFUSED, ALLOW),
    "prlimit64": _argument_in(0, (0,), ALLOW, _REFUSED),
    "personality": _argument_in(0, policy.PERSONALITIES, ALLOW, _REFUSED),
}


def _tree(ranges: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    low, high = _tree(ranges[:middle]), _tree(ranges[middle:])
    if len(low) > 255:
        # Too far for a conditional jump, whose reach is one byte; an unconditional one has four.
        return [(_JGE, 0, 1, ranges[middle][0]), (_JA, 0, 0, len(low)), *low, *high]
    return [(_JGE, len(low), 0, ranges[middle][0]), *low, *high]
