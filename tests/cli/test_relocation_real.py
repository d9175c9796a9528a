# SPDX-License-Identifier: BSD-2-Clause
"""Relocation tables of real kernels: what inspect and load make of them against Python's own reading.

Linux reads its table from the end of the file backwards (arch/x86/boot/compressed/misc.c); so does this.
"""
import json
import os
import struct
import tempfile
import unittest

import zptap
from test_inspect_real import vmlinux

MIB = 1 << 20


class Elf:
    """Headers by struct: PT_LOADs and the end of what the ELF claims in the file."""

    def __init__(self, data):
        self.data, self.wide = data, data[4] == 2
        head = struct.unpack_from("<QQQ" if self.wide else "<III", data, 24)
        self.entry, phoff, shoff = head
        _, phentsize, phnum, shentsize, shnum, _ = struct.unpack_from("<6H", data, 52 if self.wide else 40)
        self.loads, self.end = [], shoff + shentsize * shnum
        for at in range(phoff, phoff + phentsize * phnum, phentsize):
            if self.wide:
                kind, _, offset, vaddr, paddr, filesz, memsz = struct.unpack_from("<IIQQQQQ", data, at)
            else:
                kind, offset, vaddr, paddr, filesz, memsz = struct.unpack_from("<6I", data, at)
            self.end = max(self.end, offset + filesz)
            if kind == 1:
                self.loads.append((paddr, vaddr, offset, filesz, memsz))
        for at in range(shoff, shoff + shentsize * shnum, shentsize):
            kind = struct.unpack_from("<I", data, at + 4)[0]
            offset, size = struct.unpack_from("<QQ" if self.wide else "<II", data, at + (24 if self.wide else 16))
            if kind not in (0, 8):  # SHT_NULL, SHT_NOBITS
                self.end = max(self.end, offset + size)
        self.loads.sort()
        self.base = self.loads[0][0]
        self.size = max(paddr + memsz for paddr, _, _, _, memsz in self.loads) - self.base

    def lists(self):
        """The lists from the last to the first, each from its end, until the table begins."""
        assert (len(self.data) - self.end) % 4 == 0
        words = struct.unpack(f"<{(len(self.data) - self.end) // 4}I", self.data[self.end:])
        found, current = [], []
        for word in reversed(words):
            if word:
                current.append(word)
            else:
                found.append(current)
                current = []
        assert not current, "the first word is no terminator"
        return found

    def memory(self, delta):
        """Guest memory of the kernel, relocated by delta."""
        memory = bytearray(self.size)
        for paddr, _, offset, filesz, _ in self.loads:
            memory[paddr - self.base:paddr - self.base + filesz] = self.data[offset:offset + filesz]
        found = self.lists()
        kinds = [(delta, "<I")]
        if self.wide:
            kinds = [(delta, "<I"), (delta, "<Q")] if len(found) == 2 else [(delta, "<I"), (-delta, "<I"), (delta, "<Q")]
        link_base = self.base + (0x80000000 if self.wide else self.loads[0][1] - self.base)
        for words, (add, kind) in zip(found, kinds, strict=True):
            mask = (1 << 8 * struct.calcsize(kind)) - 1
            for word in words:
                at = word - link_base
                struct.pack_into(kind, memory, at, struct.unpack_from(kind, memory, at)[0] + add & mask)
        return memory


class Real(unittest.TestCase):
    def check(self, name, compression, lists, address, delta):
        path = vmlinux(name, compression)
        elf = Elf(path.read_bytes())
        with tempfile.NamedTemporaryFile(prefix="zeropage-load-") as out:
            ran = zptap.command(os.environ["ZP_LOAD_DUMP"], path, hex(address), hex(delta), out.name, timeout=60)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            told, memory = json.loads(ran.stdout), out.read()
        found = elf.lists()
        self.assertEqual(len(found), lists)
        self.assertEqual(told["lists"], lists)
        self.assertEqual(told["fault"], "ZP_OK")
        self.assertEqual((told["offset"], told["offset"] + told["size"]), (elf.end, len(elf.data)))
        self.assertEqual(told["list32"], len(found[0]))
        self.assertEqual(told["list32neg"], len(found[1]) if lists == 3 else 0)
        self.assertEqual(told["list64"], len(found[-1]) if lists > 1 else 0)
        self.assertGreater(sum(map(len, found)), 100000)
        self.assertEqual(told["map"], 0xFFFFFFFF80000000 if elf.wide else elf.loads[0][1] - elf.loads[0][0])
        self.assertTrue(memory == elf.memory(delta), "memory as Python relocates it")

    def test_cloud(self):
        """Linux 6.1: three lists"""
        self.check("cloud", "lz4", 3, 64 * MIB, 0x11400000)

    def test_cloud_6_12(self):
        """Linux 6.12: three lists, entered above its lowest address"""
        self.check("cloud-6.12", "zstd", 3, 128 * MIB, 0x2000000)

    def test_cloud_5_10(self):
        """Linux 5.10: three lists"""
        self.check("cloud-5.10", "lz4", 3, 16 * MIB, 0x3000000)

    def test_cloud_new(self):
        """Linux since 6.15: two lists"""
        self.check("cloud-new", "zstd", 2, 66 * MIB, 0x14000000)

    def test_i386(self):
        """686: one list, no PVH note"""
        self.check("i386", "xz", 1, 18 * MIB, 2 * MIB)

    def test_i386_pae(self):
        """686-pae: one list, virtual and physical addresses move alike"""
        self.check("i386-pae", "xz", 1, 32 * MIB, 16 * MIB)


if __name__ == "__main__":
    zptap.main()
