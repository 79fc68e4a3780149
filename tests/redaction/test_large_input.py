"""What is far too much, or no text at all, goes through the filter in linear time and bounded memory."""

import os
import subprocess

import pytest

from conftest import BINARY

# The compiled rules of a debug build take less than half of it.
MAX_MEMORY_BYTES = 400 << 20
INPUTS = {
    "one character": (b"a" * 1_000_000, 100),
    "brackets": (b"[" * 1_000_000, 10),
    "no UTF-8": (b"\xff\xc3(\xf0\x9f" * 200_000, 10),
    "empty lines": (b"\n" * 1_000_000, 10),
}


def filtered(piece, times, folder):
    """CPU seconds and peak memory of one filter over so many pieces."""
    with subprocess.Popen([BINARY, "redact", "--data", folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        for _ in range(times):
            process.stdin.write(piece)
        process.stdin.flush()
        peak = peak_bytes(process.pid)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime, peak


def peak_bytes(pid):
    """What it took at most so far. Its `ru_maxrss` begins with what this process had when it started it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        [peak] = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(peak) << 10


@pytest.mark.parametrize("name", INPUTS)
def test_time_is_linear_and_memory_bounded(tmp_path, name):
    piece, times = INPUTS[name]
    short, _ = filtered(piece, times // 10, tmp_path)
    long, peak = filtered(piece, times, tmp_path)
    # Both hold the start of the program: where the text costs less than that, it is no matter of how it grows.
    assert long < 30 * short, (short, long)
    assert peak < MAX_MEMORY_BYTES, peak
