"""What passes between runner and box: packed files, reports read with care, inputs that stay as they are."""

import mmap
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.boxes import MemoryFile
from sandboxes.job import MAX_MESSAGE, Job, Packed, Report, list_files, pack_files, pack_header

#: Names as a compiler may make them: any bytes but the ones no name has, with folders.
NAMES = (
    st.binary(min_size=1, max_size=40)
    .map(os.fsdecode)
    .filter(lambda name: "\n" not in name and "\0" not in name)
)


def unpacked(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Name to mode and content, as a box would find them."""
    with MemoryFile(data) as file:
        return {item.name: (item.mode, os.pread(file.fd, item.size, item.at)) for item in list_files(file.fd)}


@given(st.dictionaries(NAMES, st.binary(max_size=60), max_size=6))
def test_files_come_out_as_they_went_in(files: dict[str, bytes]):
    assert unpacked(pack_files(files)) == {name: (0o644, data) for name, data in files.items()}


def test_so_do_many_and_large_ones():
    files = {f"{number}/{'d' * 50}": bytes([number % 256]) * (number * 100) for number in range(500)}
    assert unpacked(pack_files(files)) == {name: (0o644, data) for name, data in files.items()}


@pytest.mark.parametrize("separator", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_name_is_taken_for_two(separator: str):
    name = f"a{separator}644 0 b"
    assert unpacked(pack_files({name: b"x"})) == {name: (0o644, b"x")}


def test_rights_beyond_the_usual_are_dropped():
    assert unpacked(pack_header([Packed("a", 0o7755, 0)])) == {"a": (0o755, b"")}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x05abc\n\n",
        b"\0\0\0\x0b644 9 name\n",
        b"\0\0\0\x0c644 -1 name\nxx",
        b"\0\0\0\x0b644 99 nam\nxx",
        b"\0\0\0\x0a6x4 0 nam\n",
        b"\0\0\0\x0babc def gh\n",
        b"\0\0\0\x02\n\n",
    ],
)
def test_what_was_not_packed_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r".+"):
        unpacked(data)


@given(st.binary(max_size=80))
def test_nothing_unpacks_to_more_than_it_is(data: bytes):
    try:
        files = unpacked(data)
    except ValueError:
        return
    assert sum(len(content) for _, content in files.values()) <= len(data)


@given(st.binary(max_size=120))
def test_a_report_of_any_bytes_is_read_or_refused(data: bytes):
    try:
        report = Report.unpack(data)
    except ValueError:
        return
    assert all(
        type(value) is int for value in (report.status, report.cpu_us, report.wall_us, report.peak_kib)
    )


def test_a_report_comes_out_as_it_went_in():
    report = Report(256, 1, 2, 3, True, "a fault: with words\nand lines")
    found = Report.unpack(report.pack())
    assert [getattr(found, name) for name in Report.__slots__] == [
        getattr(report, name) for name in Report.__slots__
    ]


def test_numbers_of_a_report_have_an_end():
    with pytest.raises(ValueError, match="values to unpack"):
        Report.unpack(b"9" * 500 + b" 0 0 0 0 ")


def test_a_job_comes_out_as_it_went_in():
    limits = [(0, 1, 2), (7, 256, 1 << 40)]
    job = Job(
        ["/usr/bin/x", "é", ""], {"A": "b=c"}, limits, script="/code/main.py", channel=True, collect=False
    )
    found = Job.unpack(job.pack())
    assert [getattr(found, name) for name in Job.__slots__] == [getattr(job, name) for name in Job.__slots__]


@pytest.mark.parametrize("argv", [["/usr/bin/x", "a\0b"], ["/usr/bin/x", "a" * MAX_MESSAGE]])
def test_no_job_is_taken_for_another(argv: list[str]):
    with pytest.raises(ValueError, match="no job"):
        Job(argv, {}, []).pack()


def test_an_input_can_be_read_by_all_and_changed_by_none():
    with MemoryFile(b"the input") as file:
        again = os.open(f"/proc/self/fd/{file.fd}", os.O_RDWR)
        try:
            for change in (
                lambda: os.write(file.fd, b"x"),
                lambda: os.write(again, b"x"),
                lambda: os.ftruncate(again, 3),
                lambda: os.ftruncate(again, 300),
                lambda: mmap.mmap(again, 9, mmap.MAP_SHARED, mmap.PROT_WRITE),
            ):
                with pytest.raises(PermissionError):
                    change()
            assert os.read(file.fd, 99) == b"the input"
        finally:
            os.close(again)


def test_what_a_box_fills_can_be_closed_for_good():
    with MemoryFile() as file:
        os.write(file.fd, b"made")
        file.seal()
        with pytest.raises(PermissionError):
            os.write(file.fd, b"more")
        assert os.pread(file.fd, 9, 0) == b"made"
