# SPDX-License-Identifier: BSD-2-Clause
"""Guest instructions are counted one by one, and whose they were is known."""
import pathlib
import struct
import sys
import tempfile
import types
import unittest

import zptap

sys.path.insert(0, str(zptap.SOURCE / "bench"))
import counting  # noqa: E402
import pack  # noqa: E402

PLUGIN = zptap.BUILD / "bench/count.so"
BEFORE = bytes.fromhex("fa 90 90")                  # cli, nop, nop
BEGIN = bytes.fromhex("31c0 fc 8ec0 bf0005")        # xor ax,ax; cld; mov es,ax; mov di,500h: 4
LOOP = bytes.fromhex("b9e803 e2fe")                 # mov cx,1000; loop to itself: 1 + 1000
STRING = bytes.fromhex("b9f401 f3aa b90000 f3aa")   # mov cx,500; rep stosb; mov cx,0; rep stosb: 1 + 501 + 1 + 1
END = bytes.fromhex("0f0b f4 ebfd 90")
COUNT = 4 + 1001 + 504


class Counts(unittest.TestCase):
    """A machine whose firmware is a few instructions of which each is known."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        rom = bytearray(b"\xff" * 65536)
        code = BEFORE + BEGIN + LOOP + STRING + END
        rom[:len(code)] = code
        rom[0xfff0:0xfff5] = bytes.fromhex("ea 0000 00f0")
        (self.folder / "rom").write_bytes(rom)

    def count(self, *options, end=END, clock=False):
        argv = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "pc,accel=tcg", "-bios", self.folder / "rom"]
        marks = [("begin", "first", BEGIN), ("place", "loop", LOOP), ("end", "last", end)]
        return counting.count([*argv, *options], marks, self.folder, PLUGIN, 20 if end == END else 3, clock)

    def test_exact(self):
        """every instruction between the marks counts, a step of a string instruction as one"""
        counted = self.count()
        self.assertEqual(counted["before"], 4)
        self.assertEqual(counted["executed"], COUNT)
        self.assertEqual(sum(steps for _, steps, _ in counted["sites"]), COUNT)
        self.assertEqual(sum(begun for _, _, begun in counted["sites"]), COUNT - 500)

    def test_marks(self):
        """marks are told with their address and the count so far"""
        base = 0xf0000 + len(BEFORE)
        self.assertEqual(self.count()["marks"], [["first", base, 0], ["loop", base + len(BEGIN), 4],
                                                ["last", base + len(BEGIN + LOOP + STRING), COUNT]])

    def test_clock(self):
        """with the clock it counts nothing, and tells the time since the first mark at each"""
        counted = self.count(clock=True)
        self.assertEqual([name for name, _, _ in counted["marks"]], ["first", "loop", "last"])
        self.assertEqual(counted["ns"][0], 0)
        self.assertEqual(counted["ns"], sorted(counted["ns"]))
        self.assertGreater(counted["ns"][-1], 0)
        self.assertEqual((counted["executed"], counted["sites"]), (0, []))

    def test_icount(self):
        """the same where QEMU counts as well"""
        self.assertEqual(self.count("-icount", "shift=0")["executed"], COUNT)

    def test_no_end(self):
        """an end that is not met is an error"""
        with self.assertRaises(counting.Failed):
            self.count(end=b"\1\2\3\4\5\6\7\x08")


class Ways(unittest.TestCase):
    """A packed file, from two ways in to its kernel."""

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.holder.cleanup)
        cls.packer = pack.Packer(types.SimpleNamespace(folder=pathlib.Path(cls.holder.name)), zptap.BUILD)

    def enter(self, way, *options):
        return pack.enter(self.packer, way, self.packer.kernel("probe.pvh"), *options)

    def test_parts(self):
        """each instruction is of one part; by linux64 there is nobody else's code"""
        row = self.enter("linux64")
        self.assertEqual(sum(row["parts"].values()), row["executed"])
        self.assertEqual((row["parts"]["host"], row["parts"]["front"], row["parts"]["kernel"]), (0, 0, 0))
        for part in ("head", "stub", "checksum", "rest"):
            self.assertGreater(row["parts"][part], 0, part)
        self.assertEqual(row["executed"], self.enter("linux64")["executed"])

    def test_disk(self):
        """from a BIOS disk there are 16-bit code and the BIOS as well"""
        row = self.enter("disk-ide")
        self.assertGreater(row["parts"]["front"], 0)
        self.assertGreater(row["parts"]["host"], 0)
        self.assertGreater(row["before"], 1000)

    def test_growth(self):
        """a word more in the payload is at most eight instructions more"""
        initrd = pathlib.Path(self.holder.name) / "initrd"
        initrd.write_bytes(struct.pack("<I", 0x12345678) * (1 << 18))
        less, more = self.enter("linux64")["executed"], self.enter("linux64", "--initrd", initrd)["executed"]
        self.assertGreater(more - less, 1 << 18)
        self.assertLessEqual(more - less, 8 << 18)


if __name__ == "__main__":
    zptap.main()
