# SPDX-License-Identifier: BSD-2-Clause
"""plan with what is inside an image: --direct, --kaslr, --cache, and the parts of a UKI."""
import gzip
import json
import os
import pathlib
import re
import struct
import tempfile
import unittest

import zptap

PAYLOAD = 0x400 + 0x300  # of a generated bzImage, in the file
SECTIONS = 0x108         # of a generated UKI: .text, .osrel, .cmdline, .linux


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def generate(self, kind, *options):
        path = self.work / kind
        ran = zptap.command(os.environ["ZP_GEN_IMAGE"], kind, *options, path)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return bytearray(path.read_bytes())

    def make_kernel(self, kind="linux64"):
        """The file "k": a bzImage with a gzip'd ELF in its payload."""
        stream = gzip.compress(bytes(self.generate(kind)), mtime=0)
        size = (PAYLOAD + len(stream) + 4095) // 4096 * 4096
        image = self.generate("bzimage", "--resize", str(size), "--poke", "0x260:4:0x400000")
        image[PAYLOAD:PAYLOAD + len(stream)] = stream
        struct.pack_into("<I", image, 0x24C, len(stream))
        (self.work / "k").write_bytes(image)
        return image

    def command(self, *argv, code=0):
        ran = zptap.command(zptap.BINARY, *argv, cwd=self.work)
        self.assertEqual(ran.returncode, code, ran.stderr + ran.stdout)
        return ran

    def plan(self, *argv):
        return json.loads(self.command("plan", "--json", *argv).stdout)

    def refused(self, *argv):
        ran = self.command("plan", *argv, code=1)
        self.assertEqual(ran.stdout, "")
        self.assertRegex(ran.stderr, r"\Azeropage: [^\n]+\n\Z")
        return ran.stderr[len("zeropage: "):-1]


class Direct(Case):
    def test_the_elf_inside(self):
        """auto and on plan the ELF, off the bzImage around it"""
        self.make_kernel()
        for wish in ((), ("--direct", "auto"), ("--direct", "on")):
            plan = self.plan("k", *wish)
            self.assertEqual((plan["direct"], plan["inside"], plan["why_not_direct"]), (True, "payload", None))
        self.assertIn("direct: the ELF inside", self.command("plan", "k").stdout)
        plan = self.plan("k", "--direct", "off")
        self.assertEqual((plan["direct"], plan["inside"], plan["why_not_direct"]), (False, "", None))
        self.assertIn("own entry, as asked", self.command("plan", "k", "--direct", "off").stdout)

    def test_the_elf_inside_is_planned_as_itself(self):
        """spans and registers are those of the ELF by the bzImage's limits"""
        self.make_kernel()
        inner, bare = self.plan("k"), self.plan("linux64")
        self.assertEqual(inner["kernel"], bare["kernel"])
        self.assertEqual(inner["entry"], bare["entry"])
        long_line = "x" * 2048
        self.assertIn("this kernel takes 2047", self.refused("k", "--cmdline", long_line))

    def test_spoiled_payloads(self):
        """auto falls back with the reason, on has it as its error"""
        image = self.make_kernel()
        for name, offset, value in (("magic", 0, 0x13), ("stream", 60, image[PAYLOAD + 60] ^ 0xFF)):
            spoiled = bytearray(image)
            spoiled[PAYLOAD + offset] = value
            (self.work / "k").write_bytes(spoiled)
            with self.subTest(name):
                plan = self.plan("k")
                self.assertFalse(plan["direct"])
                line = self.refused("k", "--direct", "on")
                self.assertEqual(plan["why_not_direct"]["text"], line)
                self.assertTrue(line.startswith("k: payload at 0x700: "), line)

    def test_bounds(self):
        """more RAM is advised where it helps: not against init_size, nor to who only unpacks"""
        image = self.make_kernel()
        struct.pack_into("<I", image, 0x260, 0x10000)
        struct.pack_into("<I", image, PAYLOAD + struct.unpack_from("<I", image, 0x24C)[0] - 4, 0x10000000)
        (self.work / "k").write_bytes(image)
        for line in (self.refused("k", "--direct", "on"),
                     self.command("unpack", "k", "-o", "out", code=1).stderr):
            self.assertIn("64 KiB is the most that init_size", line)
            self.assertNotIn("-m", line)
        struct.pack_into("<I", image, 0x260, 0x20000000)
        (self.work / "k").write_bytes(image)
        self.assertIn("unpack to 256 MiB, more than RAM (128 MiB); give more with -m",
                      self.refused("k", "--direct", "on", "-m", "128M"))

    def test_what_pvh_lacked(self):
        """PVH is offered by the ELF inside alone: what is wrong with that is the reason"""
        image = self.make_kernel()
        image[PAYLOAD] = 0x13
        (self.work / "k").write_bytes(image)
        self.assertIn("k: payload at 0x700: the payload begins with", self.refused("k", "--protocol", "pvh"))

    def test_no_elf_inside(self):
        """a payload of something else is named as what it is"""
        for kind, text in (("elf64-program", "a program for an operating system"), ("multiboot1", "no kernel"),
                           ("bzimage-2.08", "no kernel"), ("zstd", "compressed with zstd")):
            self.make_kernel(kind)
            with self.subTest(kind):
                self.assertFalse(self.plan("k")["direct"])
                line = self.refused("k", "--direct", "on")
                self.assertTrue(line.startswith("k: payload: "), line)
                self.assertIn(text, line)

    def test_bare_elf(self):
        """an ELF has nothing inside: it is planned as it is"""
        self.generate("linux64")
        for wish in ("auto", "on", "off"):
            plan = self.plan("linux64", "--direct", wish)
            self.assertEqual((plan["direct"], plan["why_not_direct"]), (False, None))


class Kaslr(Case):
    def place(self, *argv):
        kernel = self.plan(*argv)["kernel"]
        return kernel["load"], kernel["virtual_base"]

    def test_seeds(self):
        """a seed is a place for ever; decimal and hexadecimal are one; none is the default"""
        self.generate("linux64")
        self.assertEqual(self.place("linux64"), self.place("linux64", "--kaslr", "off"))
        self.assertEqual(self.place("linux64", "--kaslr", "0x1f"), self.place("linux64", "--kaslr", "31"))
        places = {self.place("linux64", "--kaslr", str(seed)) for seed in range(30)}
        self.assertGreater(len({load for load, _ in places}), 15)
        self.assertGreater(len({base for _, base in places}), 15)
        # Promised by the manual: these numbers never change.
        for seed, place in PLACES.items():
            self.assertEqual(self.place("linux64", "--kaslr", seed, "--no-acpi"), place)

    def test_auto_differs(self):
        """auto takes the host's bits"""
        self.generate("linux64")
        self.assertGreater(len({self.place("linux64", "--kaslr", "auto") for _ in range(6)}), 1)

    def test_spoiled_table(self):
        """auto boots an image with junk behind it as linked and says so; a seed is a wish that is refused"""
        self.generate("linux64")
        linked = self.place("linux64")
        with open(self.work / "linux64", "ab") as stream:
            stream.write(b"junk")
        plan = self.plan("linux64", "--kaslr", "auto")
        self.assertEqual((plan["kernel"]["load"], plan["kernel"]["virtual_base"]), linked)
        self.assertIn("no KASLR, for the relocation table is spoiled", [each["text"] for each in plan["decisions"]])
        line = self.refused("linux64", "--kaslr", "1")
        self.assertRegex(line, r"^linux64: .*relocation table.*at 0x")

    def test_nokaslr(self):
        """the command line turns it off"""
        self.generate("linux64")
        self.assertEqual(self.place("linux64", "--kaslr", "1", "--cmdline", "a nokaslr b"), self.place("linux64"))


# By seed: physical and virtual base of the generated linux64, on 512 MiB without ACPI.
PLACES = {
    "0": ("0x1c600000", "0xffffffff9c200000"),
    "1": ("0x12800000", "0xffffffffafe00000"),
    "7": ("0xd000000", "0xffffffff82000000"),
    "0xffffffffffffffff": ("0x1ca00000", "0xffffffffba600000"),
}


class Cache(Case):
    def test_second_time(self):
        """the same plan, from one entry"""
        self.make_kernel()
        first = self.plan("k", "--cache", "deep/cache")
        entries = sorted(os.listdir(self.work / "deep/cache"))
        self.assertEqual(len([e for e in entries if e.endswith(".vmlinux")]), 1)
        self.assertEqual(self.plan("k", "--cache", "deep/cache"), first)
        self.assertEqual(self.plan("k"), first)
        self.assertEqual(sorted(os.listdir(self.work / "deep/cache")), entries)

    def test_compressed_files_too(self):
        """what a compressed file unpacks to is kept as well"""
        (self.work / "elf.gz").write_bytes(gzip.compress(bytes(self.generate("linux64"))))
        first = self.plan("elf.gz", "--cache", "cache")
        self.assertEqual(len([e for e in os.listdir(self.work / "cache") if e.endswith(".vmlinux")]), 1)
        self.assertEqual(self.plan("elf.gz", "--cache", "cache"), first)
        self.assertEqual(first["inside"], "unpacked")

    def test_bad_folders(self):
        """a folder of others, a file, a place that is not there"""
        self.make_kernel()
        (self.work / "open").mkdir()
        (self.work / "open").chmod(0o777)
        self.assertIn("open: others own it or may write to it", self.refused("k", "--cache", "open"))
        self.assertEqual(self.refused("k", "--cache", "k"), "k: Not a directory")
        self.assertIn("/dev/null/x", self.refused("k", "--cache", "/dev/null/x"))
        found = json.loads(self.command("plan", "--json", "k", "--cache", "open", code=1).stdout)
        self.assertEqual(found["error"]["code"], "EPERM")

    def test_too_small(self):
        """a cache that holds nothing is no hindrance, and said to hold nothing"""
        self.make_kernel()
        self.assertEqual(self.plan("k", "--cache", "cache", "--cache-size", "1"), self.plan("k"))
        ran = self.command("plan", "k", "--cache", "cache", "--cache-size", "1")
        self.assertRegex(ran.stderr, r"\Azeropage: cache: the cache is of no use: [^\n]*--cache-size[^\n]*\n\Z")
        self.assertEqual(self.command("plan", "k", "--cache", "cache").stderr, "")


class Uki(Case):
    def make_uki(self):
        """.text becomes .initrd (0x100 bytes), .osrel becomes .ucode (0x20 bytes)."""
        data = self.generate("uki")
        data[SECTIONS:SECTIONS + 8] = b".initrd\0"
        data[SECTIONS + 40:SECTIONS + 48] = b".ucode\0\0"
        data[0x320:0x330] = b"quiet ro  \n\0\0\0\0\0"
        (self.work / "uki").write_bytes(data)
        return data

    def test_initrds_in_order(self):
        """microcode, the UKI's initrd, then the user's, each padded to 4 bytes"""
        self.make_uki()
        (self.work / "mine").write_bytes(b"m" * 5)
        plan = self.plan("uki", "--initrd", "mine", "--initrd", "mine")
        sizes = [s["file_size"] for s in plan["spans"] if s["kind"] == "initrd"]
        self.assertEqual(sizes, [0x20, 0x100, 5, 5])
        self.assertEqual(plan["initrd"]["size"], 0x20 + 0x100 + 8 + 5)
        self.assertEqual(plan["uki"], {"microcode_size": 0x20, "initrd_size": 0x100, "cmdline": "quiet ro"})
        table = self.command("plan", "uki").stdout
        for text in ("the UKI's microcode, 32 B", "the UKI's initrd, 256 B", "quiet ro"):
            self.assertIn(text, table)

    def test_command_line(self):
        """the UKI's own without trailing bytes, unless another is given; an empty one counts as given"""
        self.make_uki()
        for argv, length, used in (((), 8, "quiet ro"), (("--cmdline", "console=ttyS0"), 13, None),
                                   (("--cmdline", ""), 0, None)):
            plan = self.plan("uki", *argv)
            self.assertEqual(plan["uki"]["cmdline"], used)
            self.assertEqual([s["size"] for s in plan["spans"] if s["kind"] == "cmdline"], [length + 1])

    def test_hostile_command_line(self):
        """a NUL inside is refused as any other; what steers a terminal is escaped"""
        data = self.make_uki()
        data[0x320:0x330] = b"a\0b\x1b[31m" + bytes(8)
        (self.work / "uki").write_bytes(data)
        self.assertIn("NUL byte inside the command line", self.refused("uki"))
        data[0x320:0x330] = b"a\x1b[31m" + bytes(10)
        (self.work / "uki").write_bytes(data)
        ran = self.command("plan", "uki")
        self.assertNotIn("\x1b", ran.stdout)
        self.assertIn("a\\x1b[31m", ran.stdout)

    def test_compressed(self):
        """a compressed UKI is the same UKI"""
        (self.work / "uki.gz").write_bytes(gzip.compress(bytes(self.make_uki())))
        packed, bare = self.plan("uki.gz"), self.plan("uki")
        self.assertEqual(packed["uki"], bare["uki"])
        self.assertEqual(packed["spans"], bare["spans"])


class Sharing(Case):
    def test_modes(self):
        """what is shared: unpacked kernels always, the user's files on request, nothing with QEMU"""
        self.generate("linux64")
        (self.work / "initrd").write_bytes(bytes(0x5000))
        ours = self.plan("linux64", "--initrd", "initrd")["sharing"]
        asked = self.plan("linux64", "--initrd", "initrd", "--share-pages")["sharing"]
        none = self.plan("linux64", "--initrd", "initrd", "--engine", "qemu")["sharing"]
        self.assertEqual(ours["shared"], 0)
        self.assertGreaterEqual(ours["on_request"], 5)
        self.assertEqual((asked["shared"], asked["on_request"]), (ours["on_request"] - asked["relocated"], 0))
        self.assertEqual((none["shared"], none["on_request"]), (0, 0))
        self.make_kernel()
        inner = self.plan("k", "--initrd", "initrd")["sharing"]
        self.assertEqual(inner["on_request"], 5)
        self.assertEqual(inner["shared"], ours["on_request"] - 5)
        moved = self.plan("k", "--kaslr", "1")["sharing"]
        self.assertEqual(moved["shared"], inner["shared"] - moved["relocated"])

    def test_real(self):
        """of a real kernel relocation writes to a part of the pages, and the rest stays shared"""
        ran = zptap.command(zptap.SOURCE / "tools/kernels", "get", "cloud", timeout=280)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        linked = self.plan(ran.stdout.strip())["sharing"]
        moved = self.plan(ran.stdout.strip(), "--kaslr", "7")["sharing"]
        self.assertGreater(linked["pages"], 8000)
        self.assertEqual(linked["shared"], linked["pages"])
        self.assertEqual(moved["shared"], moved["pages"] - moved["relocated"])
        self.assertGreater(moved["relocated"], moved["pages"] // 5)
        self.assertLess(moved["relocated"], moved["pages"] // 2)


if __name__ == "__main__":
    zptap.main()
