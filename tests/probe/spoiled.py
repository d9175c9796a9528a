# SPDX-License-Identifier: BSD-2-Clause
"""Deliberate errors, run and judged: what the tests of the judge against them share.

An error is made by `spoil` on one of our engines, or for the 16-bit entry by the boot loader of mbr.S in a BIOS.
Each has the clause that must fail, and the clauses that fail with it because they say the same of the same bytes;
no other must clause may fail.
"""
import json
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

import zptap

SPOIL = zptap.BUILD / "tests/probe/spoil"
MBR = zptap.BUILD / "tests/probe/mbr.bin"
SECTOR = 512
DISK_LEAST = 2 << 20  # SeaBIOS boots no shorter ones

# A bzImage clears its own .bss.
NEEDS_ELF = {("linux64", "bss-dirty")}
IMAGES = {"linux32": "bzimage", "linux64": "bzimage", "pvh": "pvh", "multiboot1": "multiboot1",
          "multiboot2": "multiboot2"}


def mbr_numbers():
    text = (zptap.SOURCE / "tests/probe/mbr.h").read_text()
    return {name: int(value, 0) for name, value in re.findall(r"^#define MBR_(\w+)\s+(\w+)", text, re.MULTILINE)}


class Bench:
    """The probe images, the known initrd and command line, in a folder of their own."""

    def __init__(self):
        self.keep = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.keep.name)
        ran = zptap.command(zptap.BINARY, "probe", "--write", self.folder)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)

    def close(self):
        self.keep.cleanup()

    def judge(self, log, trace=None):
        """The clauses by id, of a captured serial log and perhaps a trace of the same entry."""
        argv = [zptap.BINARY, "probe", "--judge", log, "--json", "--known"]
        if trace and trace.exists():
            argv += ["--trace", trace]
        ran = zptap.command(*argv)
        if not ran.stdout:
            raise AssertionError(f"{ran.stderr}\n{log.read_text(errors='replace')[-2000:]}")
        return {clause["id"]: clause for clause in json.loads(ran.stdout)["clauses"]}

    def spoiled(self, engine, protocol, error, image=None):
        """Runs an error on an engine; the judged clauses."""
        log, trace = self.folder / "log", self.folder / "trace"
        trace.unlink(missing_ok=True)
        image = self.folder / f"probe.{image or IMAGES[protocol]}"
        argv = [SPOIL, "--engine", engine, "--protocol", protocol, "--error", error, "--initrd",
                self.folder / "probe.initrd", "--cmdline-file", self.folder / "probe.cmdline", "--trace-file", trace,
                image]
        with open(log, "wb") as out:
            ran = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                                 text=True, timeout=100)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)
        return self.judge(log, trace)

    def disk(self, error, image):
        """A disk with the boot loader, told to make that error, and what it loads."""
        mbr = mbr_numbers()
        disk = bytearray(MBR.read_bytes())
        kernel = (self.folder / f"probe.{image}").read_bytes()
        initrd = (self.folder / "probe.initrd").read_bytes()
        cmdline = (self.folder / "probe.cmdline").read_bytes().rstrip(b"\n") + b"\0"
        if len(cmdline) > mbr["CMDLINE_SIZE"]:
            raise AssertionError("the command line has no room")
        places = [len(disk) // SECTOR]
        places.append(places[0] + -(-len(kernel) // SECTOR))
        struct.pack_into("<IIIII", disk, mbr["PARAMETERS"] + mbr["ERROR"], mbr[error] if error else 0, places[0],
                         len(kernel), places[1], len(initrd))
        disk[mbr["CMDLINE"]:mbr["CMDLINE"] + len(cmdline)] = cmdline
        for part in (kernel, initrd):
            disk += part + bytes(-len(part) % SECTOR)
        disk += bytes(max(0, DISK_LEAST - len(disk)))
        path = self.folder / "disk"
        path.write_bytes(disk)
        return path

    def booted(self, error, image="bzimage"):
        """Boots an error of the 16-bit loader; the judged clauses."""
        log = self.folder / "log"
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                "-no-reboot", "-accel", "tcg", "-m", "256", "-drive",
                f"file={self.disk(error, image)},format=raw,if=ide,snapshot=on"]
        with open(log, "wb") as out:
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, timeout=60, check=True)
        return self.judge(log)



# What must fail: by protocol where that differs. {p} is the protocol, {m} "multiboot" for both of them.
CLAUSES = {
    "cs-selector": "{p}.cs",
    "ds-selector": "{p}.ds",
    "cs-limit": {"linux32": "linux32.cs.hidden", None: "{m}.cs"},
    "ds-limit": {"linux32": "linux32.ds.hidden", None: "{m}.ds"},
    "es-null": "{p}.ds",
    "gdt-absent": "{p}.gdt.cs",
    "if-set": "{m}.interrupts",
    "ebp": "{p}.zero",
    "edi": "{p}.zero",
    "ebx": "{p}.zero",
    "paging-on": {"pvh": "pvh.cr0", None: "{m}.paging"},
    "cr0-wp": "pvh.cr0",
    "cr4-pae": "pvh.cr4",
    "tr-limit": "pvh.tr",
    "tr-null": "pvh.tr",
    "tr-available": "pvh.tr",
    "cmdline-cut": "cmdline.asked",
    "cmdline-unterminated": "cmdline.terminated",
    "cmdline-nowhere": "cmdline.asked",
    "cmdline-missing": {"linux32": "linux.cmd_line_ptr", "linux64": "linux.cmd_line_ptr", None: "cmdline.asked"},
    "initrd-flipped": "modules.whole",
    "initrd-short": "modules.whole",
    "initrd-in-reserve": {"linux32": "linux.reserve.initrd", "linux64": "linux.reserve.initrd", None: "modules.apart"},
    "initrd-nowhere": "modules.whole",
    "module-unaligned": "{p}.modules.aligned",
    "map-overlap": {"linux32": "linux.e820.overlap", "linux64": "linux.e820.overlap", "pvh": "pvh.memmap.overlap", None: "multiboot.mmap.overlap"},
    "map-without-reserve": {"linux32": "linux.e820.reserve", "linux64": "linux.e820.reserve", "pvh": "pvh.memmap.image", None: "multiboot.mmap.image"},
    "map-empty": {"linux32": "linux.e820.present", "linux64": "linux.e820.present", "pvh": "pvh.memmap.present", None: "{p}.mmap.present"},
    "rsdp-sum": "acpi.rsdp.sum",
    "acpi-sum": "acpi.tables.sum",
    "acpi-in-ram": "acpi.memory",
    "kernel-flipped": "image.whole",
    "kernel-short": "image.whole",
    "bss-dirty": "image.bss",
    "first-sector": "linux.boot_params.sentinel",
    "sentinel": "linux.boot_params.sentinel",
    "stray": "linux.boot_params.zero",
    "header-absent": "linux.header.magic",
    "type-of-loader": "linux.type_of_loader",
    "map-count": "linux.e820.size",
    "setup-data-loop": "linux.setup_data.ends",
    "setup-data-wild": "linux.setup_data.readable",
    "reserve-unmapped": "linux64.map.kernel",
    "reserve-elsewhere": "linux64.map.kernel",
    "cmdline-unmapped": "linux64.map.cmdline",
    "boot-params-unmapped": "linux64.map.boot_params",
    "tables-in-reserve": "linux.reserve.tables",
    "magic": "pvh.ebx",
    "reserved": "{p}.reserved",
    "flags": "pvh.flags",
    "module-count": "modules.count",
    "modlist-nowhere": "modules.whole",
    "rsdp-nowhere": "acpi.rsdp.sum",
    "start-info-in-esi": "pvh.ebx",
    "eax": "multiboot.eax",
    "no-memory": "multiboot1.memory",
    "no-flags": "multiboot1.memory",
    "map-size": "multiboot1.mmap.walk",
    "map-size-zero": "multiboot1.mmap.walk",
    "memory-upper": "multiboot1.mem_upper",
    "module-end": "modules.whole",
    "module-pad": "multiboot1.modules.reserved",
    "total-short": "multiboot2.tags.end",
    "end-missing": "multiboot2.tags.end",
    "tag-misaligned": "multiboot2.tags.walk",
    "tag-size": "multiboot2.tags.walk",
    "entry-size": "multiboot2.mmap.entry_size",
    "rsdp-copy": "acpi.rsdp.sum",
    "info-misplaced": "multiboot2.info.aligned",
}

# What fails with it, and says of the same bytes what is wrong with them from where it looks.
ALSO = {
    "cs-selector": {"{p}.gdt.cs"},
    "cs-limit": {"linux32.gdt.cs"},
    "ds-limit": {"linux32.gdt.ds"},
    "es-null": {"linux64.ds.hidden"},
    "gdt-absent": {"{p}.gdt.ds"},
    "cmdline-unterminated": {"linux.cmdline.size"},
    # Memory that is not there reads as ones on KVM: a text without an end.
    "cmdline-nowhere": {"linux64.map.touched", "cmdline.terminated", "linux.cmdline.size"},
    "initrd-in-reserve": {"image.bss"},
    "map-without-reserve": {"{p}.mem_upper"},
    "rsdp-sum": {"acpi.fadt"},
    "header-absent": {"linux32.esi", "linux64.rsi"},
    "reserve-unmapped": {"linux64.map.touched"},
    "cmdline-unmapped": {"linux64.map.touched"},
    "boot-params-unmapped": {"linux64.map.touched"},
    "magic": {"modules.count", "pvh.memmap.readable"},
    "rsdp-nowhere": {"acpi.fadt"},
    "start-info-in-esi": {"modules.count"},
    "no-flags": {"modules.count"},
    "map-size": {"multiboot1.mem_upper", "multiboot.mmap.overlap"},
    "total-short": {"multiboot2.tags.walk", "acpi.rsdp.sum", "acpi.fadt"},
    "end-missing": {"multiboot2.tags.walk"},
    "tag-misaligned": {"multiboot2.tags.end", "modules.count"},
    "tag-size": {"multiboot2.tags.end"},
    "rsdp-copy": {"acpi.fadt"},
    "info-misplaced": {"multiboot2.tags.aligned"},
}

# The 16-bit loader's errors, by their names in mbr.h.
BIOS_CLAUSES = {
    "IF": "linux16.interrupts",
    "SS": "linux16.ds",
    "SP": "linux16.sp",
    "ES": "linux16.ds",
    "DS": "linux16.ds",
    "CS": "linux16.cs",
    "NO_HEAP_FLAG": "linux16.can_use_heap",
    "HEAP_IN_CMDLINE": "linux16.cmdline.place",
    "NO_LOADER_TYPE": "linux.type_of_loader",
    "CMDLINE_SEGMENTED": "linux16.cmdline.place",
    "INITRD_CUT": "modules.whole",
    "INITRD_IN_RESERVE": "linux.reserve.initrd",
    "CODE_SHORT": "image.whole",
}
BIOS_ALSO = {"NO_HEAP_FLAG": {"linux16.heap"}}


def clause_of(protocol, error):
    """The clause that must fail."""
    clause = CLAUSES[error]
    if isinstance(clause, dict):
        clause = clause.get(protocol, clause.get(None))
    return clause.format(p=protocol, m=protocol.rstrip("12") if protocol.startswith("multiboot") else protocol)


def also_of(protocol, error):
    return {clause.format(p=protocol) for clause in ALSO.get(error, ())}


def errors():
    """(protocol, error, engines) as `spoil` lists them."""
    ran = zptap.command(SPOIL, "--list")
    for line in ran.stdout.splitlines():
        protocol, error, *only = line.split()
        yield protocol, error, only or ["qemu", "kvm"]


def failed(clauses, levels=("must",)):
    """Which clauses of these levels fail."""
    return {name for name, clause in clauses.items() if clause["verdict"] == "fail" and clause["level"] in levels}


def complain(clauses, clause, also):
    """What is wrong with a judgement that should find that clause alone; None: nothing."""
    verdict = clauses.get(clause, {"verdict": "no such clause"})["verdict"]
    others = failed(clauses) - {clause} - also
    if verdict != "fail":
        return f"{clause}: {verdict}, and failed: {sorted(failed(clauses, ('must', 'should', 'note')))}"
    if others:
        return f"failed besides {clause}: {sorted(others)}"
    return None


class Case(unittest.TestCase):
    """A test case with a bench; add_* fill it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)

    @classmethod
    def add(cls, doc, method):
        method.__doc__ = doc
        setattr(cls, "test_" + re.sub(r"\W", "_", doc.split(" is ")[0]), method)

    @classmethod
    def add_control(cls, engine, protocol, image=None):
        def method(self):
            self.assertEqual(failed(self.bench.spoiled(engine, protocol, "control", image)), set())

        cls.add(f"{engine} {protocol} {image or IMAGES[protocol]}: no error is found where there is none", method)

    @classmethod
    def add_error(cls, engine, protocol, error):
        clause = clause_of(protocol, error)

        def method(self):
            clauses = self.bench.spoiled(engine, protocol, error, "elf64" if (protocol, error) in NEEDS_ELF else None)
            self.assertIsNone(complain(clauses, clause, also_of(protocol, error)))

        cls.add(f"{engine} {protocol} {error} is caught by {clause}", method)

    @classmethod
    def add_bios_control(cls, image):
        def method(self):
            self.assertEqual(failed(self.bench.booted(None, image)), set())

        cls.add(f"bios linux16 {image}: no error is found where there is none", method)

    @classmethod
    def add_bios_error(cls, error):
        clause = BIOS_CLAUSES[error]

        def method(self):
            self.assertIsNone(complain(self.bench.booted(error), clause, BIOS_ALSO.get(error, set())))

        cls.add(f"bios linux16 {error} is caught by {clause}", method)
