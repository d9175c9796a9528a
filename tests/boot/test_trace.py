# SPDX-License-Identifier: BSD-2-Clause
"""`run --trace handoff`: what is read back before the first instruction is what `plan --json` says.

Each protocol on both engines: KVM where /dev/kvm opens, QEMU always. The trace is compared in each register,
each hidden segment part and each table; then with what the core put into memory; then the same for a real
kernel.
"""
import json
import os
import pathlib
import re
import tempfile
import unittest
import zlib

import guests
import zptap

GENERAL = ["rip", "rflags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"]
CONTROL = ["cr0", "cr3", "cr4", "efer"]
SEGMENTS = ["cs", "ds", "es", "fs", "gs", "ss", "tr", "ldtr"]
PARTS = ["base", "limit", "type", "s", "dpl", "present", "l", "db", "g", "unusable"]
CMDLINE = 'off=pm a="b  c" \\d'


def engines():
    return ["qemu"] + ([] if zptap.why_no_kvm() else ["kvm"])


def read(text):
    """The lines of a report, once its last line is found to speak of all before it."""
    lines = text.splitlines(keepends=True)
    end = json.loads(lines[-1])
    body = "".join(lines[:-1]).encode()
    if end != {"probe": "end", "lines": len(lines) - 1, "crc32": f"{zlib.crc32(body):#010x}"}:
        raise AssertionError(f"{end} speaks of another report")
    return [json.loads(line) for line in lines]


def lines_of(report, kind):
    return [line for line in report if line["probe"] == kind]


class Base(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "trace"

    def plan(self, *options):
        ran = zptap.command(zptap.BINARY, "plan", *options, "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)

    def trace(self, *options):
        ran = zptap.command(zptap.BINARY, "run", *options, "--trace", "handoff", "--trace-file", self.file,
                            timeout=120)
        return ran, read(self.file.read_text())

    @staticmethod
    def initrd():
        return bytes(i * 7 % 251 for i in range(3000))

    def assert_as_planned(self, report, registers):
        cpu, = lines_of(report, "cpu")
        segments, = lines_of(report, "segments")
        self.assertEqual(cpu["mode"], registers["mode"])
        self.assertEqual({name: guests.number(cpu[name]) for name in GENERAL + CONTROL},
                         {name: guests.number(registers[name]) for name in GENERAL + CONTROL})
        self.assertEqual(cpu["cr2"], "0x0")
        if cpu["mode"] == "long64":
            self.assertEqual({cpu[f"r{i}"] for i in range(8, 16)}, {"0x0"})
        for name in ("gdt", "idt"):
            self.assertEqual({part: guests.number(value) for part, value in cpu[name].items()},
                             {part: guests.number(value) for part, value in registers[name].items()}, name)
        for name in SEGMENTS:
            planned = registers[name]
            self.assertEqual(guests.number(cpu[name]), guests.number(planned["selector"]), name)
            if guests.number(planned["unusable"]):
                continue  # nothing else of it can be told by a guest, and each engine has its own
            self.assertEqual({part: guests.number(segments[name][part]) for part in PARTS},
                             {part: guests.number(planned[part]) for part in PARTS}, name)



class Entry(Base):
    """Every protocol on every engine."""

    def assert_handed_over(self, report, plan):
        begin, = lines_of(report, "begin")
        self.assertEqual(begin, {"probe": "begin", "schema": 1, "seen": "outside", "image": "",
                                 "protocol": plan["protocol"]})
        cmdline, = lines_of(report, "cmdline")
        self.assertTrue(cmdline["text"].endswith(CMDLINE), cmdline)
        self.assertEqual(cmdline["crc32"], f"{zlib.crc32(cmdline['text'].encode()):#010x}")
        self.assertTrue(cmdline["terminated"])
        module, = lines_of(report, "module")
        self.assertEqual((module["size"], module["crc32"]), (3000, f"{zlib.crc32(self.initrd()):#010x}"))
        told = [(guests.number(line["start"]), line["size"], line["type"]) for line in lines_of(report, "memory")]
        planned = [(guests.number(line["start"]), guests.number(line["size"]), line["type"]) for line in plan["e820"]]
        self.assertEqual(told, planned)
        rsdp, = lines_of(report, "rsdp")
        self.assertTrue(rsdp["sum"])
        tables = {line["signature"]: line["sum"] for line in lines_of(report, "acpi")}
        self.assertEqual(tables, {"XSDT": True, "FACP": True, "DSDT": True, "FACS": None, "APIC": True})

    def enter(self, engine, protocol, image):
        initrd = pathlib.Path(self.folder.name) / "initrd"
        initrd.write_bytes(self.initrd())
        options = [guests.HANDOFF / image, "--protocol", protocol, "--engine", engine, "-m", "64M", "--seed",
                   "00" * 32, "--cmdline", CMDLINE, "--initrd", initrd]
        plan = self.plan(*options)
        ran, report = self.trace(*options)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("handoff: done\n", ran.stdout)
        self.assert_as_planned(report, plan["registers"])
        self.assert_handed_over(report, plan)
        if protocol == "linux64":
            mapping, = lines_of(report, "mapping")
            self.assertEqual((mapping["virtual"], mapping["physical"]), ("0x0", "0x0"))
            self.assertTrue(mapping["writable"] and mapping["executable"])
        else:
            self.assertEqual(lines_of(report, "paging"), [])


def add_entry(engine, protocol, image):
    def method(self):
        self.enter(engine, protocol, image)

    setattr(Entry, f"test_{engine}_{protocol}_{image.replace('.', '_')}", method)


for one in engines():
    for entry in guests.ENTRIES:
        add_entry(one, *entry)


# Lines that only the guest can write, or only who looks from outside, or that differ by design.
ONE_SIDED = {"begin", "end", "segments", "a20", "image", "touched", "off"}
SHAPES = [("linux64", "bzimage"), ("linux32", "bzimage32"), ("linux64", "elf64"), ("pvh", "pvh"),
          ("multiboot1", "multiboot1"), ("multiboot2", "multiboot2")]


class Inside(Base):
    """What the probe guest saw at its first instruction is what was seen from outside, line by line."""

    def compare(self, engine, protocol, shape):
        image = zptap.BUILD / f"src/probe/guest/probe.{shape}"
        initrd = pathlib.Path(self.folder.name) / "initrd"
        initrd.write_bytes(self.initrd())
        ran, outside = self.trace(image, "--protocol", protocol, "--engine", engine, "-m", "128M", "--initrd",
                                  initrd, "--cmdline", CMDLINE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        inside = [json.loads(line) for line in re.findall(r'(?m)\{"probe":.*$', ran.stdout)]
        self.assertEqual([line for line in inside if line["probe"] not in ONE_SIDED],
                         [line for line in outside if line["probe"] not in ONE_SIDED])
        self.assertEqual(len(lines_of(inside, "module")), 1)

    def test_inside_and_outside(self):
        for engine in engines():
            for protocol, shape in SHAPES:
                with self.subTest(f"{engine} {protocol} {shape}"):
                    self.compare(engine, protocol, shape)


class Around(Base):
    """What the trace does with its file, and what cannot be traced."""

    def test_to_stderr(self):
        """without a file the trace is on stderr, between the messages"""
        ran = zptap.command(zptap.BINARY, "run", guests.HANDOFF / "handoff.elf", "--engine", "qemu", "-m", "64M",
                            "--cmdline", "off=pm", "--trace", "handoff", "--quiet", timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(lines_of(read(ran.stderr), "begin")[0]["seen"], "outside")
        self.assertNotIn("probe", ran.stdout)

    def test_full_disk(self):
        """a trace that cannot be written ends the run before the guest begins"""
        for engine in engines():
            ran = zptap.command(zptap.BINARY, "run", guests.HANDOFF / "handoff.elf", "--engine", engine, "-m",
                                "64M", "--trace", "handoff", "--trace-file", "/dev/full", timeout=120)
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertEqual(ran.stderr.splitlines()[-1], "zeropage: /dev/full: No space left on device")

    def test_sixteen_bit_entry(self):
        """the 16-bit entry is SeaBIOS's to make: refused, by a line that names the option"""
        kernel = pathlib.Path(self.folder.name) / "old"
        made = zptap.command(os.environ["ZP_GEN_IMAGE"], "bzimage", kernel)
        self.assertEqual(made.returncode, 0, made.stderr)
        for protocol in ("linux16",):
            ran = zptap.command(zptap.BINARY, "run", kernel, "--protocol", protocol, "--engine", "qemu", "-m",
                                "64M", "--trace", "handoff", timeout=60)
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertRegex(ran.stderr.splitlines()[-1], "--trace")

    def test_no_such_folder(self):
        """a file that cannot be made is told before anything is started"""
        ran = zptap.command(zptap.BINARY, "run", guests.HANDOFF / "handoff.elf", "--trace", "handoff",
                            "--trace-file", "/nonexistent/trace")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr, "zeropage: /nonexistent/trace: No such file or directory\n")

    def test_real_kernel(self):
        """a real kernel, by its own entry and by that of the ELF inside"""
        kernel = guests.kernel("cloud")
        for direct in ("on", "off"):
            options = [kernel, "--direct", direct, "--engine", "qemu", "-m", "256M", "--kaslr", "off", "--seed",
                       "00" * 32, "--cmdline", "quiet"]
            plan = self.plan(*options)
            ran, report = self.trace(*options, "--timeout", "1", "--silence", "0")
            self.assertEqual(ran.returncode, 1, ran.stderr)
            self.assertRegex(ran.stderr.splitlines()[-1], "still running")
            self.assert_as_planned(report, plan["registers"])
            header, = lines_of(report, "setup_header")
            self.assertEqual(header["header"], "0x53726448")
            params, = lines_of(report, "boot_params")
            self.assertEqual((params["sentinel"], params["stray"]), ("0x0", None))
            self.assertTrue(re.fullmatch("0x[0-9a-f]+", params["acpi_rsdp_addr"]))


if __name__ == "__main__":
    zptap.main()
