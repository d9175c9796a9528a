#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random boots of the whole product until the time is up: kernels, packed files, disks, machines, and hostile bytes.

A case is its name, WAY:NUMBER, and nothing else: the same name makes the same case again. A number alone draws its way.
Each is bounded in time and cleared away; one that fails leaves its folder, with the commands that it ran.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = pathlib.Path(os.environ.setdefault("ZP_BUILD_ROOT", str(SOURCE / "build")))
os.environ.setdefault("ZP_SOURCE_ROOT", str(SOURCE))
sys.path[1:1] = [str(SOURCE / "tests"), str(SOURCE / "tools"),
                 *[str(SOURCE / "tests" / room) for room in ("pack", "firmware", "boot", "verdict")]]

import draw  # noqa: E402  pylint: disable=wrong-import-position
import spoil  # noqa: E402  pylint: disable=wrong-import-position
import testlog  # noqa: E402  pylint: disable=wrong-import-position
import ways  # noqa: E402  pylint: disable=wrong-import-position
import zptap  # noqa: E402  pylint: disable=wrong-import-position

# A way and its share.
WAYS = {
    "run": (ways.by_run, 10), "run-kvm": (ways.by_kvm, 3), "kernel": (ways.by_kernel, 6), "rom-kernel": (ways.rom_kernel, 8),
    "rom-disk": (ways.rom_disk, 16), "elf-disk": (ways.elf_disk, 10), "elf-module": (ways.elf_module, 5),
    "run-elf": (ways.run_elf, 5), "packed-elf": (ways.packed_elf, 3), "bios-disk": (ways.bios_disk, 6),
    "rom-whole": (ways.rom_whole, 3), "uefi-disk": (ways.uefi_disk, 2), "linux": (ways.linux, 3), "foreign": (ways.foreign, 1),
    "spoiled-host": (spoil.host, 8), "spoiled-text": (spoil.text, 2), "spoiled-run": (spoil.run, 4),
    "spoiled-packed": (spoil.stub, 5), "spoiled-disk": (spoil.disk, 10),
}
OUTPUT_MAX = 8 << 20
SHOWN = 300
STOP = threading.Event()
_shared, _shared_lock = {}, threading.Lock()


def sanitized():
    """The command as clang built it with sanitizers, or None."""
    path = pathlib.Path(os.environ.get("ZP_SOAK_SANITIZED", SOURCE / "build-check-clang/src/cli/zeropage"))
    return path if path.exists() else None


class Case:
    """One case: its chance, its folder, and how programs are run for it."""

    def __init__(self, way, number, folder):
        self.name = f"{way}:{number}"
        self.chance = random.Random(self.name)
        self.folder = folder
        self.names = 0
        self.about = []
        self.commands = []
        self.console = ""

    def note(self, text):
        self.about.append(text)

    @staticmethod
    def shared(name, make):
        """What many cases use and none changes; made once."""
        with _shared_lock:
            if name not in _shared:
                _shared[name] = make()
            return _shared[name]

    def binary(self):
        other = sanitized()  # the number is drawn wherever the case runs
        return other if self.chance.random() < 0.5 and other else zptap.BINARY

    def run(self, argv, seconds):
        self.commands.append(argv)
        if STOP.is_set():
            raise KeyboardInterrupt
        try:
            return zptap.command(*argv, timeout=seconds, errors="replace")
        except subprocess.TimeoutExpired as late:
            raise draw.Failed(f"{argv[1]}: no end after {seconds} s") from late

    def tool(self, *argv):
        """Our command, which has to succeed."""
        ran = self.run([self.binary(), *argv], 180)
        if ran.returncode != 0 or "Sanitizer" in ran.stderr or "runtime error" in ran.stderr:
            raise draw.Failed(f"zeropage {argv[0]}: exit {ran.returncode}: {(ran.stdout + ran.stderr)[-1500:]}")

    def hostile_tool(self, *argv, codes=(0, 1)):
        """Our command on hostile input: it ends with 0, or with another of these and a line."""
        ran = self.run([sanitized() or zptap.BINARY, *argv], 120)
        said = ran.stderr.strip()
        if ran.returncode not in codes or "Sanitizer" in said or "runtime error" in said:
            raise draw.Failed(f"zeropage {argv[0]}: exit {ran.returncode}: {said[-3000:]}")
        if ran.returncode != 0 and not (said or ran.stdout.strip()):
            raise draw.Failed(f"zeropage {argv[0]}: exit {ran.returncode} without a word")

    def listen(self, argv, seconds, *patterns):
        """Runs a machine until a pattern is in what it prints, it ends or its time is over, then ends it.
        (its output; its exit status, or None where it was ended)"""
        argv = [str(word) for word in argv]
        self.commands.append(argv)
        output, until, ended = b"", time.monotonic() + seconds, False
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                while time.monotonic() < until and len(output) < OUTPUT_MAX and not STOP.is_set():
                    if not select.select([process.stdout], [], [], 0.2)[0]:
                        continue
                    more = os.read(process.stdout.fileno(), 65536)
                    if not more:
                        process.wait(timeout=20)
                        ended = True
                        break
                    output += more
                    if any(re.search(pattern, output) for pattern in patterns):
                        break
            finally:
                process.kill()
        self.console += output.decode(errors="replace").replace("\r", "")
        if STOP.is_set():
            raise KeyboardInterrupt
        return self.console, process.returncode if ended else None


def named(text):
    """(way, number) of a case's name; a number alone draws its way."""
    way, _, number = text.rpartition(":")
    if not way:
        way = random.Random(number).choices(list(WAYS), [share for _, share in WAYS.values()])[0]
    if way not in WAYS or not number.isdigit():
        raise ValueError(f"{text} is no case: NUMBER or WAY:NUMBER, with a way of {', '.join(WAYS)}")
    return way, int(number)


def keep(case, folder, why):
    """What a failed case leaves."""
    (folder / "console.txt").write_text(case.console)
    (folder / "why.txt").write_text(f"{case.name}: {', '.join(case.about)}\n{why}\n")
    lines = [("# " if number < len(case.commands) else "") + shlex.join(map(str, argv)) for number, argv in enumerate(case.commands, 1)]
    (folder / "commands.sh").write_text("\n".join(["#!/bin/sh", "# What the case ran; the last one boots the files that lie here.", *lines, ""])
                                        .replace(str(case.folder), str(folder)))


def run_case(text, work):
    """One case: ("passed", "failed" or "skipped", a line about it)."""
    way, number = named(text)
    folder = work.path / f"{way}-{number}"
    folder.mkdir(parents=True)
    case, begun = Case(way, number, folder), time.monotonic()
    verdict, why = "passed", ""
    try:
        WAYS[way][0](case)
    except draw.Failed as failed:
        verdict, why = "failed", str(failed)
    except draw.Skipped as skipped:
        verdict, why = "skipped", str(skipped)
    except KeyboardInterrupt:
        verdict, why = "stopped", ""
    except Exception:  # pylint: disable=broad-except
        verdict, why = "failed", traceback.format_exc()
    about = f"{case.name} ({time.monotonic() - begun:.0f} s; {', '.join(case.about)[:SHOWN]})"
    if verdict == "failed":
        left = work.failures / f"{way}-{number}"
        shutil.rmtree(left, ignore_errors=True)
        left.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(left)
        keep(case, left, why)
        short = " ".join(why.split())
        about += f": {short if len(short) < 900 else '... ' + short[-900:]}\n  left in {left}; again: make soak SEED={case.name}"
    else:
        shutil.rmtree(folder)
        about += f": {why}" if why else ""
    return verdict, about


class Work:
    """Where cases work; gone at the end, but for what failed."""

    def __init__(self, out):
        self.failures = out
        self.path = out / f"running-{os.getpid()}"
        self.path.mkdir(parents=True)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
        try:
            self.failures.rmdir()
        except OSError:
            pass


def cases(options):
    """Names, without an end where time ends them."""
    if options.case:
        yield from options.case
    elif options.round is not None:
        yield from (f"{way}:{options.round}" for way in WAYS if way not in options.without)
    else:
        number = options.first if options.first is not None else random.SystemRandom().getrandbits(32)
        while True:
            if named(str(number))[0] not in options.without and (not options.only or named(str(number))[0] in options.only):
                yield str(number)
            number += 1


class Report:
    """A line for each case, or a point of TAP; what is going on, on a terminal."""

    def __init__(self, tap):
        self.tap = tap
        self.count = testlog.Count()
        self.points = 0
        self.terminal = sys.stderr.isatty() and not tap

    def add(self, verdict, about):
        self.clear()
        if verdict == "stopped":
            return
        self.points += 1
        {"passed": lambda _: self.count.add_pass(), "failed": self.count.add_failure, "skipped": self.count.add_skip}[verdict](about)
        if self.tap:
            first, _, rest = about.partition("\n")
            word = {"passed": "ok", "failed": "not ok", "skipped": "ok"}[verdict]
            skip = " # SKIP" if verdict == "skipped" else ""
            print(f"{word} {self.points} - {first.replace('#', '').strip()}{skip}", flush=True)
            for line in rest.splitlines():
                print(f"# {line}", flush=True)
        else:
            print(f"{verdict} {about}", flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def tell(self, running, left):
        if self.terminal:
            time_left = "" if left is None else f", {max(left, 0):.0f} s left"
            print(f"\r\033[K{self.count}, {running} running{time_left}", end="", file=sys.stderr, flush=True)


def soak(options, work, report):
    """Keeps `jobs` cases running until the names or the time end."""
    names = cases(options)
    until = time.monotonic() + options.seconds if options.seconds else None
    running = set()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            more = True
            while more or running:
                while more and len(running) < options.jobs:
                    more = not STOP.is_set() and (until is None or time.monotonic() < until)
                    name = next(names, None) if more else None
                    more = name is not None
                    if more:
                        running.add(pool.submit(run_case, name, work))
                done, running = concurrent.futures.wait(running, timeout=1, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    report.add(*future.result())
                report.tell(len(running), until and until - time.monotonic())
        finally:
            STOP.set()
    report.clear()


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def children():
    """Processes of ours that still run."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read().split()


def arguments():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, help="no case is begun after so long")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time, 2 at most")
    parser.add_argument("--first", type=int, help="the number of the first case; random without")
    parser.add_argument("--round", type=int, help="one case of each way in, all with this number")
    parser.add_argument("--only", action="append", default=[], help="a way in, and no others; again for more")
    parser.add_argument("--without", action="append", default=[], help="leaves out a way in; again for more")
    parser.add_argument("--out", type=pathlib.Path, default=BUILD / "soak", help="where cases that fail are left")
    parser.add_argument("--tap", action="store_true", help="TAP instead of lines")
    parser.add_argument("case", nargs="*", help="NUMBER or WAY:NUMBER: these cases and no others")
    options = parser.parse_args()
    options.jobs = min(max(options.jobs, 1), 2)
    try:
        for case in options.case + [f"{way}:0" for way in options.only + options.without]:
            named(case)
    except ValueError as error:
        parser.error(str(error))
    if not (options.case or options.round is not None or options.seconds):
        parser.error("--seconds, --round or cases: else it does not end")
    return options


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: STOP.set())
    report, work = Report(options.tap), Work(options.out)
    if not options.tap:
        print(f"sanitized command: {sanitized() or 'none (make soak builds it)'}", flush=True)
    before = descriptors()
    try:
        soak(options, work, report)
    finally:
        work.close()
    grown, left = descriptors() - before, children()
    if grown > 0 or left:
        report.add("failed", f"the soak itself: {grown} open files more than before, processes left: {' '.join(left) or 'none'}")
    if options.tap:
        print(f"1..{report.points}")
    else:
        print("\n".join(report.count.notes))
        print(report.count, flush=True)
    sys.exit(0 if report.count.good else 1)


if __name__ == "__main__":
    main()
