# SPDX-License-Identifier: BSD-2-Clause
"""A packed probe boots by each kind of way in, and a spoiled one says so. test_pack_matrix.py has all the rest."""
import concurrent.futures
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


class Spoiled(unittest.TestCase):
    def test_altered(self):
        """a bit of the kernel flipped: the stub says so, and does not enter it"""
        subject = packed.probe("bzimage")
        path = subject.file()
        spoilt = packed.spoil(path, "kernel", packed.described(path)["kernel"] + 5000)
        said, ran, text = packed.refused(packed.disk(spoilt))
        self.assertFalse(ran, text)
        self.assertIn("altered or cut", said, packed.tail(text))

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
