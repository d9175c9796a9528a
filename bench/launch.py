# SPDX-License-Identifier: BSD-2-Clause
"""Time from the launch of a VMM to a line of its guest."""
import os
import select
import signal
import subprocess
import time

MARK = b"Linux version"
LIMIT = 120  # seconds until the mark


def seconds_to_mark(argv, mark=MARK):
    """Starts argv, ends it once mark is on its stdout, returns the seconds in between."""
    begun = time.monotonic()
    process = subprocess.Popen([str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    seen = b""
    try:
        while mark not in seen:
            left = begun + LIMIT - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise TimeoutError(f"{argv[0]}: no {mark.decode()!r} in {LIMIT} s")
            more = os.read(process.stdout.fileno(), 1 << 16)
            if not more:
                raise RuntimeError(f"{argv[0]} ended early: {process.stderr.read().decode().strip()}")
            seen += more
        return time.monotonic() - begun
    finally:
        end(process)


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    process.stderr.close()


def take_turns(commands, rounds):
    """Lists of seconds by name. The order moves on by one each turn."""
    names = list(commands)
    seconds = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % max(1, len(names))
        for name in names[first:] + names[:first]:
            seconds[name].append(seconds_to_mark(commands[name]))
    return seconds
