# SPDX-License-Identifier: BSD-2-Clause
"""The QEMU engine enters every protocol in exactly the planned state, proven from outside.

QEMU is told to wait (-S) and to let a debugger in; a hardware breakpoint stops it at the kernel's first
instruction, and each register, each hidden segment part and the tables are compared with what
`zeropage plan --json` says for the same options.
"""
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

import guests
import remote
import zptap

GUESTS = zptap.BUILD / "tests/boot/guest"
GENERAL = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"]
CONTROL = ["cr0", "cr3", "cr4", "efer"]
SEGMENTS = ["cs", "ds", "es", "fs", "gs", "ss"]


def options(protocol, image):
    return [GUESTS / image, "--protocol", protocol, "--engine", "qemu", "-m", "64M", "--seed", "00" * 32,
            "--cmdline", "off=pm"]


def plan(protocol, image):
    ran = zptap.command(zptap.BINARY, "plan", *options(protocol, image), "--json")
    if ran.returncode != 0:
        raise AssertionError(ran.stderr)
    return json.loads(ran.stdout)["registers"]


class Run:
    """`zeropage run` in the background; killed, by its pid, when it is still there at the end."""

    def __init__(self, *argv):
        command = [str(a) for a in (zptap.BINARY, "run", *argv)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()

    def end(self):
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


class Entry(unittest.TestCase):
    maxDiff = None

    def assert_segment(self, dump, name, planned):
        found = re.search(rf"^{name}\s*=([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", dump, re.MULTILINE)
        selector, base, limit, flags = (int(x, 16) for x in found.groups())
        if guests.number(planned["unusable"]):
            self.assertEqual(selector, 0, name)
            return
        self.assertEqual(selector, guests.number(planned["selector"]), name)
        self.assertEqual(base, guests.number(planned["base"]), name)
        self.assertEqual(limit, guests.number(planned["limit"]), name)
        # TCG's ltr marks the descriptor in memory busy, and not its own copy.
        busy = 2 if name == "TR" else 0
        self.assertEqual(flags >> 8 & 0xF | busy, guests.number(planned["type"]), name)
        for bit, part in ((12, "s"), (15, "present"), (21, "l"), (22, "db"), (23, "g")):
            self.assertEqual(flags >> bit & 1, guests.number(planned[part]), f"{name}.{part}")
        self.assertEqual(flags >> 13 & 3, guests.number(planned["dpl"]), name)

    def assert_table(self, dump, name, planned):
        base, limit = re.search(rf"^{name}=\s*([0-9a-f]+) ([0-9a-f]+)", dump, re.MULTILINE).groups()
        self.assertEqual(int(base, 16), guests.number(planned["base"]), name)
        self.assertEqual(int(limit, 16), guests.number(planned["limit"]), name)

    def assert_as_planned(self, debugger, registers):
        found = {name: debugger.register(name) for name in GENERAL + CONTROL + ["rip", "eflags"]}
        planned = {name: guests.number(registers[name]) for name in GENERAL + CONTROL + ["rip"]}
        planned["eflags"] = guests.number(registers["rflags"])
        self.assertEqual(found, planned)
        for name in [f"r{i}" for i in range(8, 16)] + ["fs_base", "gs_base", "k_gs_base", "cr2"]:
            self.assertEqual(debugger.register(name), 0, name)
        for name in SEGMENTS:
            self.assertEqual(debugger.register(name), guests.number(registers[name]["selector"]), name)
        dump = debugger.monitor("info registers")
        for name in SEGMENTS + ["tr"]:
            self.assert_segment(dump, name.upper(), registers[name])
        self.assert_segment(dump, "LDT", registers["ldtr"])
        self.assert_table(dump, "GDT", registers["gdt"])
        self.assert_table(dump, "IDT", registers["idt"])
        self.assert_descriptors_in_memory(debugger, registers)

    def assert_descriptors_in_memory(self, debugger, registers):
        """What a guest would find that loads a selector again: the planned segment."""
        for name in SEGMENTS + ["tr"]:
            planned = registers[name]
            if guests.number(planned["unusable"]) or guests.number(planned["selector"]) == 0:
                continue
            at = guests.number(registers["gdt"]["base"]) + guests.number(planned["selector"])
            self.assertLessEqual(guests.number(planned["selector"]) + 7, guests.number(registers["gdt"]["limit"]), name)
            low = int.from_bytes(debugger.memory(at, 8), "little")
            self.assertEqual(low >> 40 & 0xF, guests.number(planned["type"]), name)
            self.assertEqual(low >> 47 & 1, 1, name)
            self.assertEqual(low >> 16 & 0xFFFFFF | (low >> 56 & 0xFF) << 24, guests.number(planned["base"]), name)


class FromOutside(Entry):
    def enter(self, protocol, image):
        registers = plan(protocol, image)
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "gdb")
            with Run(*options(protocol, image), "--", "-S", "-gdb", f"unix:{path},server=on,wait=off") as run:
                debugger = remote.Remote(path)
                debugger.run_to(guests.number(registers["rip"]))
                self.assert_as_planned(debugger, registers)
                debugger.let_go()
                status, out, err = run.end()
        self.assertEqual(status, 0, err)
        self.assertIn(f"handoff: protocol {protocol}\n", out)
        self.assertIn("handoff: done\n", out)


def add_entry(protocol, image):
    def method(self):
        self.enter(protocol, image)

    setattr(FromOutside, f"test_{protocol}_{image.replace('.', '_')}", method)


for entry in guests.ENTRIES:
    add_entry(*entry)


class WithGdbOption(Entry):
    """--gdb PORT: the debugger finds the guest at its entry."""

    def test_waits_at_the_entry(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for protocol, image in (("linux64", "handoff.bzimage"), ("pvh", "handoff.elf")):
            registers = plan(protocol, image)
            with Run(*options(protocol, image), "--gdb", port) as run:
                for line in run.process.stderr:
                    if "waiting for gdb" in line:
                        break
                self.assertIn(f"127.0.0.1:{port}", line)
                self.assertIn(f"{guests.number(registers['rip']):#x}", line)
                self.assertIn(f"target remote :{port}", line)
                debugger = remote.Remote(("127.0.0.1", port))
                self.assert_as_planned(debugger, registers)
                debugger.let_go()
                status, out, err = run.end()
            self.assertEqual(status, 0, err)
            self.assertIn(f"handoff: protocol {protocol}\n", out)


if __name__ == "__main__":
    zptap.main()
