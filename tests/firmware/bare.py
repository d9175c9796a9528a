# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU machine without any firmware, whose RAM is a file: a test writes there what a loader would have left, and
an ELF, such as the firmware's, is entered at once (guest/bare.S). Afterwards the test sees in the file what was written."""
import json
import mmap
import os
import pathlib
import re
import select
import socket
import struct
import subprocess
import tempfile
import time

import console
import zptap

BARE = zptap.BUILD / "tests/firmware/guest/bare.rom"
MIB = 1 << 20
UNTOUCHED = b"\xa5" * MIB  # RAM that nobody has written to
PARAMETERS = 0x500
REPORTED = r'"probe":"end"[^\n]*\n'
WAYS = {"linux32": -0x10, "pvh": 0, "multiboot2": 0x20, "linux64": 0x1F0}  # from PVH's entry: src/pack/layout.h


def segments(path):
    """An ELF64's bytes, (p_offset, p_paddr, p_filesz, p_memsz) of each PT_LOAD, and where PVH enters it."""
    data = pathlib.Path(path).read_bytes()
    phoff = struct.unpack_from("<Q", data, 32)[0]
    count = struct.unpack_from("<H", data, 56)[0]
    headers = [struct.unpack_from("<IIQQQQQQ", data, phoff + 56 * i) for i in range(count)]
    note = data.index(struct.pack("<I4s", 18, b"Xen\0"))  # XEN_ELFNOTE_PHYS32_ENTRY
    return data, [(h[2], h[4], h[5], h[6]) for h in headers if h[0] == 1], struct.unpack_from("<I", data, note + 8)[0]


class Bare:
    """
    Reset as often as the test likes: fill(), write(), enter() for each hand-over. One that is not watched is entered
    once, after load() and write(), and what it writes nobody sees.
    """

    def __init__(self, *options, memory=64 * MIB, machine="microvm", image=console.ELF, bios=BARE, watched=True):
        self.folder = tempfile.TemporaryDirectory(prefix="zeropage-bare-")
        place = pathlib.Path(self.folder.name)
        self.size, self.watched = memory, watched
        self.touched = set(range(0, memory, MIB))  # MiB that may be otherwise than UNTOUCHED
        with open(place / "ram", "wb") as file:
            file.truncate(memory)
        with open(place / "ram", "r+b") as file:
            self.ram = mmap.mmap(file.fileno(), memory)
        self.data, self.loads, self.pvh = segments(image)
        argv = console.qemu(f"{machine},memory-backend=ram", "-bios", bios, "-object",
                            f"memory-backend-file,id=ram,size={memory},mem-path={place / 'ram'},share={'on' if watched else 'off'}", "-S", "-qmp",
                            f"unix:{place / 'qmp'},server=on,wait=off", *options, memory=f"{memory >> 20}M")
        argv.remove("-no-reboot")  # the test resets, and sees who else does
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.monitor = socket.socket(socket.AF_UNIX)
        self.lines, self.replies, self.resets, self.text = b"", [], 0, ""
        until = time.monotonic() + 30
        while True:
            try:
                self.monitor.connect(str(place / "qmp"))
                break
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)
        self.ask("qmp_capabilities")

    def close(self):
        self.monitor.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.ram.close()
        self.folder.cleanup()

    # --- the monitor and the serial port ---

    def _take(self, seconds):
        """What has come, by both."""
        found = select.select([self.monitor, self.process.stdout], [], [], seconds)[0]
        if self.process.stdout in found:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise AssertionError(f"QEMU has ended: {self.text[-2000:]}")
            self.text += data.decode("utf-8", "replace")
        if self.monitor in found:
            self.lines += self.monitor.recv(1 << 16)
            *whole, self.lines = self.lines.split(b"\n")
            for line in whole:
                said = json.loads(line)
                if said.get("event") == "RESET":
                    self.resets += said["data"]["guest"]
                elif "return" in said or "error" in said:
                    self.replies.append(said)
        return bool(found)

    def ask(self, command, **arguments):
        self.replies.clear()
        self.monitor.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        until = time.monotonic() + 30
        while not self.replies:
            if time.monotonic() > until:
                raise AssertionError(f"{command}: no answer")
            self._take(1)
        if "error" in self.replies[0]:
            raise AssertionError(f"{command}: {self.replies[0]}")
        return self.replies[0]["return"]

    def halted(self):
        return "HLT=1" in self.ask("human-monitor-command", **{"command-line": "info registers"})

    # --- RAM ---

    def fill(self):
        """All RAM as if nobody had written to it, but the ELF, as its program headers have it."""
        self.ask("stop")
        for at in self.touched:
            self.ram[at:at + MIB] = UNTOUCHED
        self.touched = set()
        self.load()

    def load(self):
        for offset, address, filesz, memsz in self.loads:
            self.write(address, self.data[offset:offset + filesz] + bytes(memsz - filesz))

    def write(self, address, data):
        self.ram[address:address + len(data)] = data
        self.touched.update(range(address & -MIB, address + len(data), MIB))

    def enter(self, way, handed, magic=0, seconds=20):
        """
        Enters by the way until nothing moves any more, or the probe has reported: what was printed. A machine that
        resets itself fails.
        """
        entry = self.pvh + WAYS[way]
        self.write(PARAMETERS, struct.pack("<IIQQ", way == "linux64", magic, entry, handed))
        if self.watched:
            self.before = {at: self.ram[at:at + MIB] for at in self.touched}
            self.touched = set(range(0, self.size, MIB))  # until we have looked
        self.ask("system_reset")
        while self._take(0):
            pass
        self.text, self.resets = "", 0
        self.ask("cont")
        until = time.monotonic() + seconds
        while not re.search(REPORTED, self.text) and not self.halted():
            self._take(0.01)
            if re.search(REPORTED, self.text):
                break
            if self.resets:
                raise AssertionError(f"it reset the machine: {self.text[-2000:]}")
            if time.monotonic() > until:
                raise AssertionError(f"it does not end: {self.text[-2000:]}")
        self.ask("stop")  # what it has printed is in the pipe now
        while self._take(0):
            pass
        if self.watched:
            self.changed = {at for at in self.touched if self.ram[at:at + MIB] != self.before.get(at, UNTOUCHED)}
            self.touched = self.changed | set(self.before)
        return self.text

    def peek(self, address, size):
        """What is in RAM now, whoever has written it."""
        path = pathlib.Path(self.folder.name) / "peek"
        self.ask("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def written(self):
        """What has changed since it was entered: the addresses of pages."""
        pages = []
        for at in sorted(self.changed):
            now, then = self.ram[at:at + MIB], self.before.get(at, UNTOUCHED)
            pages += [at + page for page in range(0, MIB, 4096) if now[page:page + 4096] != then[page:page + 4096]]
        return pages
