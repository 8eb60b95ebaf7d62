"""The box's filter, run instruction by instruction against the policy it was made from."""

import json
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes import kernel
from sandboxes.seccomp import bpf, policy

X86_64, I386 = 0xC000003E, 0x40000003
EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT = 1, 38, 93, 97
NUMBERS = policy.syscall_numbers()
PROGRAM = list(struct.iter_unpack("HBBI", bpf.box_filter()))
KERNEL_MOST = 4096  # instructions; BPF_MAXINSNS


def run(number: int, arguments: Sequence[int] = (), arch: int = X86_64) -> int:
    """What the kernel would do for a call, as seccomp's return value."""
    padded = [*arguments, *[0] * 6][:6]
    data = struct.pack("<iIQ6Q", number if number < 1 << 31 else number - (1 << 32), arch, 0, *padded)
    at = accumulator = 0
    while True:
        code, if_true, if_false, operand = PROGRAM[at]
        at += 1
        if code == 0x20:  # load a word of the data
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x05:
            at += operand
        elif code == 0x06:
            return operand
        else:
            test = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: accumulator & operand}
            at += if_true if test[code] else if_false


def errno(number: int) -> int:
    return 0x00050000 | number


def test_every_number_the_launcher_uses_is_the_tables():
    assert {name: NUMBERS[name] for name in kernel.SYSCALLS} == kernel.SYSCALLS


def test_the_kernel_would_take_the_program():
    assert 0 < len(PROGRAM) <= KERNEL_MOST
    for at, (code, if_true, if_false, operand) in enumerate(PROGRAM):
        assert code in (0x20, 0x05, 0x15, 0x35, 0x45, 0x06)
        if code == 0x20:
            assert operand % 4 == 0
            assert operand < 64
        elif code == 0x05:
            assert at + 1 + operand < len(PROGRAM)
        elif code != 0x06:
            assert max(at + 1 + if_true, at + 1 + if_false) < len(PROGRAM)
    assert PROGRAM[-1][0] == 0x06


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - policy.CHECKED))
def test_a_known_call_is_allowed_or_refused_as_the_policy_says(name: str):
    refused = errno(ENOSYS if name in policy.UNKNOWN else 0 if name in policy.NOTHING_TO_DO else EPERM)
    wanted = bpf.ALLOW if name in policy.ALLOWED else refused
    assert run(NUMBERS[name]) == wanted
    assert run(NUMBERS[name], [(1 << 64) - 1] * 6) == wanted


def test_numbers_of_no_call_are_refused_and_newer_ones_unknown():
    known, newest = set(NUMBERS.values()), max(NUMBERS.values())
    for number in range(newest + 1):
        if number not in known:
            assert run(number) == errno(EPERM)
    for number in (*range(newest + 1, newest + 2000), 0x3FFFFFFF):
        assert run(number) == errno(ENOSYS)


def test_other_entries_end_the_program():
    for number in range(600):
        assert run(number, arch=I386) == bpf.KILL_PROCESS
        assert run(0x40000000 | number) == bpf.KILL_PROCESS
    for number in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        assert run(number) == bpf.KILL_PROCESS
    assert run(0, arch=0) == bpf.KILL_PROCESS


UPPER = st.integers(0, (1 << 32) - 1).map(lambda n: n << 32)
WORDS = st.integers(0, (1 << 32) - 1)


@given(WORDS, UPPER)
def test_clone_makes_no_namespace(flags: int, upper: int):
    wanted = errno(EPERM) if flags & 0x7E020000 else bpf.ALLOW
    assert run(NUMBERS["clone"], [flags | upper]) == wanted


@pytest.mark.parametrize(
    "flag", [getattr(kernel, name) for name in dir(kernel) if name.startswith("CLONE_NEW")]
)
def test_every_namespace_flag_is_known(flag: int):
    assert run(NUMBERS["clone"], [flag | 17]) == errno(EPERM)


@given(st.integers(0, 64) | WORDS, WORDS, st.integers(0, 300) | WORDS, UPPER)
def test_socket_families_and_protocols(family: int, kind: int, protocol: int, upper: int):
    wanted = errno(EAFNOSUPPORT)
    if family == 1:
        wanted = bpf.ALLOW
    elif family in (2, 10):
        wanted = bpf.ALLOW if protocol in (0, 6, 17) else errno(EPROTONOSUPPORT)
    assert run(NUMBERS["socket"], [family | upper, kind, protocol | upper]) == wanted


@pytest.mark.parametrize(
    ("name", "index", "values", "inside", "outside"),
    [
        ("socketpair", 0, {1}, bpf.ALLOW, errno(EAFNOSUPPORT)),
        ("setsockopt", 2, {26, 50, 51, 52}, errno(EPERM), bpf.ALLOW),
        ("ioctl", 1, {0x5412, 0x541C, 0x5423}, errno(EPERM), bpf.ALLOW),
        ("fcntl", 1, {1024, 1026}, errno(EPERM), bpf.ALLOW),
        ("madvise", 2, {12}, errno(EPERM), bpf.ALLOW),
        ("prctl", 0, {22, 62, 67}, errno(EPERM), bpf.ALLOW),
        ("prlimit64", 0, {0}, bpf.ALLOW, errno(EPERM)),
        ("personality", 0, {0, 0xFFFFFFFF}, bpf.ALLOW, errno(EPERM)),
    ],
)
def test_a_checked_argument(name: str, index: int, values: set[int], inside: int, outside: int):
    near = {max(0, value + by) & 0xFFFFFFFF for value in values for by in (-1, 0, 1)}
    for value in (*near, 7, 1000, 1 << 31):
        for upper in (0, 1 << 32, 0xFFFFFFFF << 32):
            arguments = [0xDEAD] * 6
            arguments[index] = value | upper
            assert run(NUMBERS[name], arguments) == (inside if value in values else outside)


def test_every_checked_call_has_a_check_and_no_call_two_meanings():
    assert set(bpf._CHECKS) == policy.CHECKED
    assert not policy.ALLOWED & policy.CHECKED
    assert not policy.ALLOWED & policy.UNKNOWN
    assert not (policy.ALLOWED | policy.CHECKED | policy.UNKNOWN) & policy.NOTHING_TO_DO
    assert set(NUMBERS) >= policy.ALLOWED | policy.CHECKED | policy.UNKNOWN | policy.NOTHING_TO_DO


def test_the_containers_profile_is_the_boxes_list_and_what_makes_boxes():
    profile = policy.container_profile()
    allowed = set(profile["syscalls"][0]["names"])
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert allowed - policy.ALLOWED - policy.NOTHING_TO_DO - policy.CHECKED == {
        *(
            "unshare",
            "mount",
            "umount2",
            "pivot_root",
            "mount_setattr",
            "sethostname",
            "seccomp",
            "memfd_create",
        )
    }
    assert {"clone3"} == set(profile["syscalls"][1]["names"])
    json.dumps(profile)


def test_another_machine_is_refused():
    with pytest.raises(OSError, match="aarch64"):
        policy.syscall_numbers("aarch64")
