# SPDX-License-Identifier: BSD-2-Clause
"""zeropage inspect of packed files: every way in, what is inside, where they boot; altered and spoiled ones."""
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import zptap

BODY = 0x1000
BODY_HEADER = BODY + 0x40
LINUX_WAYS = ["bios-disk", "linux16", "linux32", "linux64"]
ELF_WAYS = ["e_entry", "pvh"]


def generate(kind, path):
    ran = zptap.command(os.environ["ZP_GEN_IMAGE"], kind, path)
    assert ran.returncode == 0, ran.stderr


class Packed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="zeropage-packed-")
        cls.work = pathlib.Path(cls.temporary.name)
        generate("elf64-pvh", cls.work / "kernel")
        (cls.work / "initrd").write_bytes(b"070701" * 2000)
        (cls.work / "root").write_bytes(bytes(4096) + b"root file system" * 6000)
        cls.pack("plain", "--esp", "off")
        cls.pack("esp", "--cmdline", "console=ttyS0 quiet", "--initrd", "initrd")
        cls.pack("multiboot", "--multiboot", "--compress", "lz4")
        cls.pack("tail", "--partition", "root:83")
        cls.pack("pe", "--flavour", "pe", "--compress", "zstd")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def pack(cls, name, *options):
        ran = zptap.command(zptap.BINARY, "pack", "kernel", "-o", name, *options, cwd=cls.work, timeout=60)
        assert ran.returncode == 0, ran.stderr

    def inspect(self, name, code=0):
        ran = zptap.command(zptap.BINARY, "inspect", "--json", name, cwd=self.work)
        self.assertEqual((ran.returncode, ran.stderr), (code, ""), ran.stdout)
        return json.loads(ran.stdout)

    def spoil(self, source, offset, form, value):
        data = bytearray((self.work / source).read_bytes())
        struct.pack_into(form, data, offset, value)
        (self.work / "spoiled").write_bytes(data)

    def verdicts(self, name):
        return {row["host"]: row for row in self.inspect(name)["boots"]}

    def test_ways(self):
        """the ways in are those that the headers of each flavour offer, at the offsets of the layout"""
        for name, wanted in (("plain", LINUX_WAYS + ELF_WAYS), ("esp", LINUX_WAYS + ELF_WAYS + ["uefi-disk", "handover"]),
                             ("multiboot", LINUX_WAYS + ELF_WAYS + ["uefi-disk", "handover", "multiboot1", "multiboot2"]),
                             ("pe", LINUX_WAYS + ["efi", "handover"])):
            ways = {way["way"]: way for way in self.inspect(name)["packed"]["ways"]}
            self.assertEqual(set(ways), set(wanted), name)
            self.assertEqual((ways["linux32"]["offset"], ways["linux64"]["offset"]), (BODY, BODY + 0x200))
            if "pvh" in ways:
                self.assertEqual((ways["pvh"]["address"], ways["e_entry"]["address"]), ("0x200010", "0x200200"))

    def test_contents(self):
        """kernel, sizes, command line, initrds, ESP and partitions are those that were packed"""
        kernel = (self.work / "kernel").read_bytes()
        packed = self.inspect("esp")["packed"]
        payload = packed["payload"]
        self.assertEqual((payload["cmdline"], payload["compression"]), ("console=ttyS0 quiet", "none"))
        self.assertIn("ELF64 for x86-64", payload["kernel"])
        data = (self.work / "esp").read_bytes()
        self.assertEqual(data[payload["kernel_offset"]:][:payload["kernel_size"]], kernel)
        self.assertEqual(payload["kernel_size"], len(kernel))
        initrd = payload["initrds"][0]
        self.assertEqual(data[initrd["offset"]:][:initrd["size"]], (self.work / "initrd").read_bytes())
        self.assertGreaterEqual(payload["initrd_room"], initrd["size"])
        self.assertGreater(packed["esp"]["size"], payload["size"])
        self.assertIsNone(packed["altered"])
        for name, compression in (("multiboot", "lz4"), ("pe", "zstd")):
            payload = self.inspect(name)["packed"]["payload"]
            self.assertEqual((payload["compression"], payload["kernel_size"]), (compression, len(kernel)))
            self.assertLess(payload["stored_size"], len(kernel))
            self.assertIn("ELF64 for x86-64", payload["kernel"])
        tail = self.inspect("tail")["packed"]["partitions"]
        data = (self.work / "tail").read_bytes()
        root = (self.work / "root").read_bytes()
        self.assertEqual([part["type"] for part in tail], ["0x83"])
        self.assertEqual(data[tail[0]["offset"]:][:len(root)], root)

    def test_table(self):
        """the table has the same"""
        ran = zptap.command(zptap.BINARY, "inspect", "esp", cwd=self.work)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        for words in ("Packed\n", "flavour       elf, with an ESP", '"console=ttyS0 quiet", 19 of ', "checksums     right",
                      "Ways in\n", "  uefi-disk     ", "  pvh           0x1010 of the file, at 0x200010: "):
            self.assertIn(words, ran.stdout)

    def test_verdicts(self):
        """each host boots each flavour by the way that its own order of probing leads to"""
        table = {
            "plain": {"qemu-kernel": "linux16", "firecracker": "pvh", "cloud-hypervisor": "pvh", "crosvm": "linux64",
                      "kvmtool": "linux16", "xen-pvh": "pvh", "hyperkit": "linux32", "bhyve": "linux32", "kexec": "linux64",
                      "grub-linux": "linux32", "grub-multiboot": None, "grub-multiboot2": None, "grub-efi-linux": "linux32",
                      "syslinux": "linux16", "ipxe": "linux16", "bios-disk": "boot-sector", "uefi": None},
            "esp": {"bhyve": "efi", "uefi": "efi", "bios-disk": "boot-sector", "crosvm": "linux64", "qemu-kernel": "linux16"},
            "multiboot": {"crosvm": "multiboot1", "ipxe": "multiboot1", "kexec": "multiboot2", "grub-multiboot": "multiboot1",
                          "grub-multiboot2": "multiboot2", "qemu-kernel": "linux16", "firecracker": "pvh", "xen-pvh": "pvh",
                          "grub-linux": "linux32", "uefi": "efi"},
            "pe": {"qemu-kernel": "linux16", "firecracker": "linux64", "cloud-hypervisor": "linux32", "crosvm": "linux64",
                   "kvmtool": "linux16", "xen-pvh": None, "hyperkit": "linux32", "kexec": "linux32", "grub-linux": "linux32",
                   "grub-efi-linux": "linux32", "syslinux": "linux16", "ipxe": "linux16", "bios-disk": "boot-sector",
                   "uefi": "efi"},
        }
        for name, wanted in table.items():
            rows = self.verdicts(name)
            self.assertEqual({host: rows[host]["entry"] for host in wanted}, wanted, name)

    def test_tail(self):
        """each -kernel host is said to load the partitions behind the kernel, or to leave them"""
        rows = self.verdicts("tail")
        for host in ("qemu-kernel", "kvmtool", "syslinux", "ipxe"):
            self.assertIn("of partitions behind the kernel too", rows[host]["but"], host)
        for host in ("firecracker", "cloud-hypervisor", "crosvm", "xen-pvh", "kexec"):
            self.assertIn("of partitions behind the kernel in the file", rows[host]["note"], host)
        self.assertIn("init_size", rows["grub-linux"]["but"])
        self.assertEqual(rows["hyperkit"]["verdict"], "does not")
        rows = self.verdicts("esp")
        self.assertEqual([row["host"] for row in rows.values() if "partitions" in (row["but"] or "") + (row["note"] or "")], [])

    def test_altered(self):
        """one byte of body, payload or front altered: all is shown, the line says which part, exit 1"""
        payload = self.inspect("plain")["packed"]["payload"]
        for offset, part in ((BODY + 0x300, "body"), (payload["kernel_offset"] + 5, "payload"), (0xf00, "front")):
            value = (self.work / "plain").read_bytes()[offset]
            self.spoil("plain", offset, "<B", value ^ 0x5a)
            ran = zptap.command(zptap.BINARY, "inspect", "spoiled", cwd=self.work)
            self.assertEqual(ran.returncode, 1)
            self.assertRegex(ran.stderr, rf"^zeropage: spoiled: {part} at 0x[0-9a-f]+: .*altered\n$")
            self.assertIn("checksums     wrong: " + part, ran.stdout)
            self.assertRegex(self.inspect("spoiled", 1)["packed"]["altered"], f"^{part} at ")

    def test_spoiled(self):
        """a header that does not hold together is one line that names field and offset, and nothing else"""
        payload = self.inspect("plain")["packed"]["payload"]["offset"]
        for offset, form, value, words in ((BODY_HEADER + 8, "<I", 99, "version"), (BODY_HEADER + 16, "<I", 3, "body_size"),
                                           (BODY_HEADER + 0x38, "<Q", 1 << 40, "payload_size"),
                                           (BODY_HEADER + 0x28, "<Q", 7, "work"),
                                           (payload + 0x20, "<Q", 1 << 40, "kernel_offset")):
            self.spoil("plain", offset, form, value)
            ran = zptap.command(zptap.BINARY, "inspect", "spoiled", cwd=self.work)
            self.assertEqual((ran.returncode, ran.stdout), (1, ""), words)
            self.assertRegex(ran.stderr, rf"^zeropage: spoiled: [^\n]*\b{words}\b[^\n]*\n$")
            self.assertIn(f"0x{offset:x}", ran.stderr)
            error = self.inspect("spoiled", 1)["error"]
            self.assertEqual((error["code"], words in error["text"]), ("packed-spoiled", True))

    def test_cut(self):
        """a file that was cut is spoiled, wherever it was cut"""
        data = (self.work / "esp").read_bytes()
        end = self.inspect("esp")["packed"]["loaded_end"]
        for size in (BODY + 0x100, BODY + 0x4000, end // 2, end - 1):
            (self.work / "cut").write_bytes(data[:size])
            ran = zptap.command(zptap.BINARY, "inspect", "cut", cwd=self.work)
            self.assertEqual(ran.returncode, 1, size)
            self.assertEqual(ran.stderr.count("\n"), 1)

    def test_stub_in_esp(self):
        """the program in the ESP is a packed file without a payload"""
        esp = self.inspect("esp")["packed"]["esp"]
        subprocess.run(["mcopy", "-i", f"esp@@{esp['offset']}", "::/EFI/BOOT/BOOTX64.EFI", "stub"], cwd=self.work, check=True,
                       timeout=20, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
        packed = self.inspect("stub")["packed"]
        self.assertEqual((packed["flavour"], packed["payload"]), ("pe", None))
        self.assertEqual(self.verdicts("stub")["uefi"]["entry"], "efi")

    def test_others(self):
        """what is no packed file has null there"""
        self.assertIsNone(self.inspect("kernel")["packed"])


if __name__ == "__main__":
    zptap.main()
