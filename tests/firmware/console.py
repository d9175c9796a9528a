# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU machine and whoever sits at its serial port: reads what it prints, types, and never waits for ever."""
import codecs
import os
import re
import select
import subprocess
import time

import zptap

ROM = os.environ.get("ZP_FIRMWARE_ROM", str(zptap.BUILD / "src/firmware/boot/zeropage-fw.rom"))
ELF = os.environ.get("ZP_FIRMWARE_ELF", str(zptap.BUILD / "src/firmware/boot/zeropage-fw.elf"))
NO_LEGACY = ("-global", "virtio-mmio.force-legacy=false")
OUTPUT_MAX = 8 << 20


def qemu(machine, *options, cpus=1, memory="256M"):
    """A machine without a BIOS of its own; all that it has is what options say."""
    name = machine.split(",")[0]
    return ["qemu-system-x86_64", "-M", machine, "-accel", "tcg",
            "-smp", str(cpus), "-m", memory, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
            "-serial", "stdio", "-no-reboot", *(NO_LEGACY if name == "microvm" else ()), *[str(o) for o in options]]


class Console:
    """A running machine: `with Console(argv, seconds) as console`; all of it takes `seconds` at most."""

    def __init__(self, argv, seconds):
        self.until = time.monotonic() + seconds
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character can come in two parts
        self.seen = 0  # expect() has been past this
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=30)
        self.process.stdin.close()
        self.process.stdout.close()

    def tail(self):
        return f"{self.process.args}\n... {self.text[-3000:]}"

    def _more(self):
        """Reads on; False at the end."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise AssertionError(f"it took too long: {self.tail()}")
        if not select.select([self.process.stdout], [], [], min(left, 1))[0]:
            return True
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        self.text += self.decoder.decode(data, not data)
        if len(self.text) > OUTPUT_MAX:
            raise AssertionError(f"it prints without end: {self.tail()}")
        return bool(data)

    def expect(self, pattern):
        """Waits until the pattern appears behind what was expected before; the match."""
        while True:
            found = re.search(pattern, self.text[self.seen:])
            if found:
                self.seen += found.end()
                return found
            if not self._more():
                raise AssertionError(f"{pattern!r} does not come: {self.tail()}")

    def send(self, keys):
        self.process.stdin.write(keys.encode())
        self.process.stdin.flush()

    def type(self, line):
        self.send(line + "\n")

    def finish(self):
        """Waits for the machine to go off: QEMU's exit status."""
        while self._more():
            pass
        return self.process.wait(timeout=30)
