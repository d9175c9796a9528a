# SPDX-License-Identifier: BSD-2-Clause
"""A packed probe boots by each kind of way in, and a spoiled one says so. test_pack_matrix.py has all the rest."""
import concurrent.futures
import struct
import unittest

import packed
import zptap

BOOTS = [("kernel-pc", "bzimage"), ("disk-ide", "pvh"), ("linux32", "osv"), ("linux64", "multiboot2"), ("pvh", "elf64"),
         ("firecracker", "multiboot1"), ("crosvm", "osv")]


class Boots(unittest.TestCase):
    """A test for each of BOOTS is added below."""

    @classmethod
    def setUpClass(cls):
        cls.pool = concurrent.futures.ThreadPoolExecutor(2)
        cls.running = {(way, shape): cls.pool.submit(packed.boot, packed.WAYS[way], packed.probe(shape)) for way, shape in BOOTS}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown(cancel_futures=True)


def point(way, shape):
    def test(self):
        self.assertEqual(self.running[way, shape].result(), [])
    test.__doc__ = f"{shape} by {way}"
    return test


for _way, _shape in BOOTS:
    setattr(Boots, f"test_{_way}_{_shape}".replace("-", "_"), point(_way, _shape))


def many_segments(count):
    """An ELF64 of so many segments, at which a packed file is loaded; its code says "many" on COM1."""
    address, first, stride = 0x200000, 64 + 56 * count, 0x2000
    code = b"\x66\xba\xf8\x03" + b"".join(bytes([0xB0, byte, 0xEE]) for byte in b"many\n") + b"\xf4\xeb\xfd"
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, address, 64, 0, 0, 64, 56, count, 0, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", 1, 7, first + i * len(code), *[address + i * stride] * 2, len(code), 0x1000, 1)
                     for i in range(count))
    return packed.file(f"many-{count}", head + table + code * count)


class Limits(unittest.TestCase):
    def test_large_initrd(self):
        """an initrd for which there is one gap, once payload and stub have gone together"""
        large = packed.file("large.initrd", b"large".ljust(60 * packed.MIB, b"\0"))
        image = packed.packed(packed.probe("bzimage").kernel, "--initrd", large)
        text = packed.listen(packed.hosts.qemu("pc", "-kernel", image, memory=176), 90, rb'"probe":"end"[^\n]*\n', rb"zeropage: .*\n")
        self.assertEqual([line["size"] for line in packed.report(text) if line["probe"] == "module"], [60 * packed.MIB],
                         packed.tail(text))

    def test_segments(self):
        """a kernel of as many segments as the packer takes boots over the place where we are loaded"""
        text = packed.listen(packed.disk(packed.packed(many_segments(128))), 60, b"many\n", b"zeropage: .*\n")
        self.assertIn("many\n", text)

    def test_too_many_segments(self):
        """one more is refused when it is packed"""
        with self.assertRaisesRegex(RuntimeError, "129 segments, and the stub takes 128"):
            packed.packed(many_segments(129))


class Handed(unittest.TestCase):
    def test_setup_data(self):
        """what a loader of Linux tells besides is left out for a kernel of another protocol, with a line, and does not stop it"""
        argv = [zptap.BINARY, "run", packed.probe("multiboot2").file(), "--engine", "qemu", "--protocol", "linux64", "--timeout", 50,
                "--silence", 0, "--setup-data", f"dtb:{packed.file('dtb', bytes(500))}"]
        text = packed.listen(argv, 60, rb'"probe":"end"[^\n]*\n')
        self.assertTrue(packed.report(text), packed.tail(text))
        self.assertIn("zeropage: setup_data of type 2: this kernel takes none: left out\n", text)


class Spoiled(unittest.TestCase):
    def test_altered(self):
        """a bit of the kernel flipped: the stub says so, and does not enter it"""
        subject = packed.probe("bzimage")
        path = subject.file()
        spoilt = packed.spoil(path, "kernel", packed.described(path)["kernel"] + 5000)
        said, ran, text = packed.refused(packed.disk(spoilt))
        self.assertFalse(ran, text)
        self.assertIn("altered or cut", said, packed.tail(text))

    def test_no_long_mode(self):
        """a CPU of 32 bits is told of; it would start all over with no word"""
        for argv in (packed.disk(packed.probe("pvh").file()), packed.hosts.qemu("pc", "-kernel", packed.probe("pvh").file())):
            argv[argv.index("-cpu") + 1] = "qemu32"
            said, ran, text = packed.refused(argv)
            self.assertFalse(ran)
            self.assertIn("this CPU has no 64-bit mode", said, packed.tail(text))

    def test_signed(self):
        """what signing a PE writes does not keep it from a BIOS disk"""
        data = bytearray(packed.probe("pvh").file("--flavour", "pe").read_bytes())
        for place in (0x2D8, 0x328, 0x32C):
            data[place:place + 4] = b"sign"
        text = packed.listen(packed.disk(packed.file("signed", data + bytes(1424))), 60, rb'"probe":"end"[^\n]*\n')
        self.assertTrue(packed.report(text), packed.tail(text))

    def test_too_little_memory(self):
        """a kernel that asks for more RAM than there is: the line names what it asks for"""
        said, ran, text = packed.refused(packed.disk(packed.probe("bzimage").file(), memory=16))
        self.assertFalse(ran)
        self.assertIn("0x2000000 bytes of RAM (32 MiB, init_size)", said, packed.tail(text))

    def test_set_cmdline(self):
        """another command line, put in afterwards, is sound again and handed over"""
        path = packed.copy(packed.probe("bzimage").file(), "set-cmdline")
        packed.zeropage_pack("--set-cmdline", path, packed.BUILTIN + " set=1")
        text = packed.listen(packed.disk(path), 60, rb'"probe":"end"[^\n]*\n')
        lines = packed.report(text)
        self.assertTrue(lines, packed.tail(text))
        self.assertEqual([line["text"] for line in lines if line["probe"] == "cmdline"], [packed.BUILTIN + " set=1"])


if __name__ == "__main__":
    zptap.main()
