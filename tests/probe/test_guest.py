# SPDX-License-Identifier: BSD-2-Clause
"""The probe guest in every shape: it reports whole, by the protocol that it was entered by, and powers off by itself.

Under our engines and under QEMU's own loader, where nobody but the guest's own code makes the handoff good.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import zlib

import zptap

IMAGES = zptap.BUILD / "src/probe/guest"
CMDLINE = 'probe a="b  c" d=\'e\''
INITRD = bytes(i * 7 & 0xFF for i in range(5000))
SHAPES = {
    "bzimage": ["linux64", "linux32"],
    "bzimage32": ["linux32"],
    "elf64": ["linux64"],
    "pvh": ["pvh"],
    "multiboot1": ["multiboot1"],
    "multiboot2": ["multiboot2"],
}
BY_QEMU = {
    "bzimage": "linux16",
    "bzimage32": "linux16",
    "bzimage16": "linux16",
    "pvh": "pvh",
    "multiboot1": "multiboot1",
}
LARGEST = 40 << 10
OVMF = [pathlib.Path("/usr/share/OVMF") / name for name in ("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd")]

_folder = tempfile.TemporaryDirectory(prefix="zeropage-probe-")
FOLDER = pathlib.Path(_folder.name)


def initrd():
    path = FOLDER / "initrd"
    path.write_bytes(INITRD)
    return path


def lines(text):
    """The report in text: its objects from begin to end, and what follows. Checks order and checksum."""
    found = [line[line.index('{"probe":'):] for line in text.splitlines(keepends=True) if '{"probe":' in line]
    if not found[-1:] or not found[-1].endswith("\n"):  # the power went off while the next way was being named
        found = found[:-1]
    kinds = [json.loads(line)["probe"] for line in found]
    if kinds.count("begin") != 1 or kinds.count("end") != 1:
        raise AssertionError(f"no whole report: {kinds}")
    begin, end = kinds.index("begin"), kinds.index("end")
    last = json.loads(found[end])
    crc = zlib.crc32("".join(found[begin:end]).encode())
    if last["lines"] != end - begin or int(last["crc32"], 16) != crc:
        raise AssertionError(f"{last} for {end - begin} lines with {crc:#x}")
    return [json.loads(line) for line in found[begin:end]], [json.loads(line) for line in found[end + 1:]]


class Report(unittest.TestCase):
    maxDiff = None

    def one(self, report, kind):
        found = [line for line in report if line["probe"] == kind]
        self.assertEqual(len(found), 1, kind)
        return found[0]

    def check(self, text, image, protocol):
        report, after = lines(text)
        begin = self.one(report, "begin")
        self.assertEqual((begin["schema"], begin["seen"], begin["image"], begin["protocol"]),
                         (1, "inside", image, protocol))
        body = self.one(report, "image")
        self.assertEqual(body["crc32"], body["expected"])
        self.assertTrue(self.one(report, "a20")["enabled"])
        text = self.one(report, "cmdline")["text"]  # multiboot loaders put the file's name first
        self.assertEqual(text[-len(CMDLINE):] if protocol == "multiboot1" else text, CMDLINE)
        module = self.one(report, "module")
        self.assertEqual((module["size"], int(module["crc32"], 16)), (len(INITRD), zlib.crc32(INITRD)))
        touched = {line["promise"]: line for line in report if line["probe"] == "touched"}
        promised = {"reserve", "boot_params", "cmdline"} if protocol == "linux64" else {"reserve"}
        self.assertEqual(set(touched), promised)
        for line in touched.values():
            self.assertEqual((line["bad"], line["first_bad"]), (0, "0x0"), line)
            self.assertGreater(line["pages"], 0)
            self.assertEqual(line["through"], "loader" if protocol == "linux64" else "own")
        if protocol == "linux16":
            memory = [line for line in report if line["probe"] == "bios_memory"]
            self.assertGreater(len(memory), 2)
            self.assertEqual([line["index"] for line in memory], list(range(len(memory))))
        self.assertGreaterEqual(len(after), 1)
        for line in after:
            self.assertEqual(line["probe"], "off")
            self.assertTrue(line["way"])
        return report

    def run_zeropage(self, image, protocol, engine):
        ran = zptap.command(zptap.BINARY, "run", IMAGES / f"probe.{image}", "--engine", engine, "--protocol", protocol,
                            "-m", "128M", "--cmdline", CMDLINE, "--initrd", initrd(), "--timeout", "100",
                            timeout=120, errors="replace")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return self.check(ran.stdout, image, protocol)

    def run_qemu(self, image, protocol):
        serial = FOLDER / f"serial-{image}"
        argv = ["qemu-system-x86_64", "-kernel", IMAGES / f"probe.{image}", "-append", CMDLINE, "-initrd", initrd(),
                "-m", "128M", "-display", "none", "-no-reboot", "-nic", "none", "-serial", f"file:{serial}"]
        ran = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=120, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return self.check(serial.read_text(errors="replace"), image, protocol)


class Boots(Report):
    """Filled below: a test for each shape, protocol and host."""


class Firmware(Report):
    def test_efi(self):
        """the EFI application from a disk under OVMF: system table, memory map and ACPI as the firmware has them"""
        serial, variables, boot = FOLDER / "serial-efi", FOLDER / "variables", FOLDER / "esp/EFI/BOOT"
        boot.mkdir(parents=True)
        shutil.copy(IMAGES / "probe.efi", boot / "BOOTX64.EFI")
        shutil.copy(OVMF[1], variables)
        argv = ["qemu-system-x86_64", "-machine", "q35", "-m", "256M", "-display", "none", "-no-reboot", "-nic", "none",
                "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF[0]}",
                "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
                "-drive", f"format=raw,file=fat:rw:{FOLDER / 'esp'}", "-serial", f"file:{serial}"]
        ran = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             timeout=200, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        report, after = lines(serial.read_text(errors="replace"))
        self.assertEqual(self.one(report, "begin")["protocol"], "efi")
        body = self.one(report, "image")
        self.assertEqual(body["crc32"], body["expected"])
        efi = self.one(report, "efi")
        self.assertTrue(efi["table_crc"])
        self.assertEqual(body["base"], efi["image_base"])
        self.assertGreater(len([line for line in report if line["probe"] == "memory"]), 10)
        self.assertTrue(self.one(report, "rsdp")["sum"])
        touched = {line["promise"]: line["bad"] for line in report if line["probe"] == "touched"}
        self.assertEqual(touched, {"reserve": 0, "stack": 0})
        self.assertEqual(after[0]["probe"], "off")


class Images(unittest.TestCase):
    def test_small(self):
        """each image is under 40 KiB"""
        for image in {**SHAPES, **BY_QEMU, "efi": None}:
            self.assertLess((IMAGES / f"probe.{image}").stat().st_size, LARGEST, image)

    def test_no_executable_and_writable_segment(self):
        """ELF images: text and data in segments of their own, and no stack that may be executed"""
        for image in ("elf64", "pvh", "multiboot1", "multiboot2"):
            ran = zptap.command("readelf", "-lW", IMAGES / f"probe.{image}")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertIn(" R E ", ran.stdout)
            self.assertIn(" RW ", ran.stdout)
            self.assertNotIn("RWE", ran.stdout)


class Moved(Report):
    def test_relocated(self):
        """a bzImage runs where the loader put it, and says where"""
        for protocol in SHAPES["bzimage"]:
            ran = zptap.command(zptap.BINARY, "run", IMAGES / "probe.bzimage", "--engine", "qemu", "--protocol", protocol,
                                "-m", "128M", "--cmdline", CMDLINE, "--initrd", initrd(), "--timeout", "100",
                                "--pin", "kernel=0x3000000", timeout=120, errors="replace")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            report = self.check(ran.stdout, "bzimage", protocol)
            self.assertEqual(self.one(report, "image")["base"], "0x3000000")


def add(name, method, image, *how):
    def test(self):
        method(self, image, *how)

    test.__doc__ = name
    setattr(Boots, f"test_{name.replace(' ', '_').replace('-', '')}", test)


def add_tests():
    engines = ["qemu"] + (["kvm"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else [])
    for image, protocols in SHAPES.items():
        for protocol in protocols:
            for engine in engines:
                add(f"{image} by {protocol} on {engine}", Report.run_zeropage, image, protocol, engine)
    for image, protocol in BY_QEMU.items():
        add(f"{image} by {protocol} under qemu -kernel", Report.run_qemu, image, protocol)


if __name__ == "__main__":
    add_tests()
    zptap.main()
