# SPDX-License-Identifier: BSD-2-Clause
"""Contenders that take turns: programs that do one round for each line on stdin and answer in JSON
(bench_round.c, peers/*), the order in which they are asked, and what is made of their answers."""
import ctypes
import json
import mmap
import os
import select
import statistics
import subprocess

LIMIT = 300  # seconds for one round, whatever the machine


class Loader:
    """A contender; its process lives from the first round to close()."""

    def __init__(self, name, *argv):
        self.name = name
        self.argv = [str(part) for part in argv]
        self.process = None

    def round(self, word="round"):
        if self.process is None:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], LIMIT)[0]:
            self.close()
            raise TimeoutError(f"{self.name}: no answer in {LIMIT} s")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: ended with {self.process.wait()}: {' '.join(self.argv)}")
        return json.loads(line)

    def memory(self):
        """Bytes of a contender that holds its guest, as the kernel counts them."""
        found = {}
        for file in ("status", "smaps_rollup"):
            with open(f"/proc/{self.process.pid}/{file}") as lines:
                for line in lines:
                    key, _, rest = line.partition(":")
                    if rest.endswith("kB\n"):
                        found[key] = int(rest.split()[0]) * 1024
        return {"peak": found["VmHWM"], "own": found["RssAnon"] + found["RssShmem"], "pss": found["Pss"]}

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.process = None


def take_turns(loaders, rounds, before=None):
    """Lists of answers by name. One round of each is thrown away; then the order moves on by one each turn.
    before() runs ahead of every round."""
    answers = {loader.name: [] for loader in loaders}
    for turn in range(-1, rounds):
        first = turn % len(loaders)
        for loader in loaders[first:] + loaders[:first]:
            if before:
                before()
            answer = loader.round()
            if turn >= 0:
                answers[loader.name].append(answer)
    return answers


def quartiles(values):
    """(lower quartile, median, upper quartile)."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratio(over, under):
    """Quartiles of the turns' ratios."""
    low, middle, high = quartiles([a / b for a, b in zip(over, under)])
    return {"ratio": middle, "low": low, "high": high}


def drop_cache(path):
    """Has the kernel forget the file's pages. They must be on the disk already."""
    fd = os.open(path, os.O_RDONLY)
    os.fdatasync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def cached_part(path):
    """The part of the file that is in the page cache, 0 to 1."""
    size = os.path.getsize(path)
    pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
    seen = (ctypes.c_ubyte * pages)()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), size, mmap.MAP_PRIVATE) as view:
        start = ctypes.addressof(ctypes.c_char.from_buffer(view))
        if libc.mincore(start, size, seen) != 0:
            raise OSError(ctypes.get_errno(), "mincore")
    return sum(page & 1 for page in seen) / pages
