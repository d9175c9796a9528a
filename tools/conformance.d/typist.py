#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""typist.py FILE COMMAND...: runs COMMAND and types at it. Each line of FILE is a text to wait for, a tab, and what to
type then. The command's output passes through; it is killed when this program is asked to end.
"""
import os
import signal
import subprocess
import sys


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        steps = [line.rstrip("\n").encode().split(b"\t", 1) for line in file]
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: child.kill())
    seen = b""
    while chunk := os.read(child.stdout.fileno(), 4096):
        os.write(1, chunk)
        seen += chunk
        while steps and steps[0][0] in seen:
            seen = seen.split(steps[0][0], 1)[1]
            child.stdin.write(steps.pop(0)[1] + b"\n")
            child.stdin.flush()
    sys.exit(child.wait())


if __name__ == "__main__":
    main()
