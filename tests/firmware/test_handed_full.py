# SPDX-License-Identifier: BSD-2-Clause
"""Hand-overs that take a while: machines of odd sizes and what memory types they get, kernels in every odd place, ELF files
that QEMU takes and we do not, a disk that is silent, initrds of a GiB."""
import re
import struct
import tempfile
import unittest

import bare
import console
import machines
import test_disks as disks
import test_handed as handed
import test_handed_rom as by_rom
import tiny_kernel
import zptap

MIB, GIB = 1 << 20, 1 << 30
MTRR = zptap.BUILD / "tests/firmware/guest/mtrr-guest"
UC, WP, WB = 0, 5, 6
SIZES = (("pc", "127M"), ("pc", "3071M"), ("pc", "3584M"), ("pc", "3585M"), ("q35", "3585M"), ("microvm", "3585M"), ("pc", "20G"),
         ("q35", "2047M"), ("pc,max-ram-below-4g=3840M", "6G"), ("pc,max-ram-below-4g=1G", "2G"), ("pc-i440fx-1.4", "8G"),
         ("pc-i440fx-2.0", "1G"), ("pc-q35-2.4", "1G"))


class Types:
    """Memory types by the registers that the guest has printed."""

    def __init__(self, text):
        pairs = [(name, int(a, 16), int(b, 16)) for name, a, b in re.findall(r"(ram|register) ([0-9a-f]{16}) ([0-9a-f]{16})", text)]
        self.ram = [(start, start + size) for name, start, size in pairs if name == "ram"]
        self.registers = {number: value for name, number, value in pairs if name == "register"}
        self.enabled = self.registers[0x2FF] & 0xC00 == 0xC00

    def fixed(self, address):
        if address < 0x80000:
            number, index = 0x250, address >> 16
        elif address < 0xC0000:
            number, index = 0x258 + (address - 0x80000 >> 17), address >> 14 & 7
        else:
            number, index = 0x268 + (address - 0xC0000 >> 15), address >> 12 & 7
        return self.registers[number] >> 8 * index & 0xFF

    def of(self, address):
        if address < MIB:
            return self.fixed(address)
        found = [base & 0xFF for base, mask in ((self.registers[n], self.registers[n + 1]) for n in range(0x200, 0x210, 2))
                 if mask & 0x800 and (address ^ base) & mask & ~0xFFF == 0]
        return UC if UC in found else min(found) if found else self.registers[0x2FF] & 0xFF


class Sizes(by_rom.Machine):
    def test_probe(self):
        for machine, memory in SIZES:
            with self.subTest(machine=machine, memory=memory):
                self.assertEqual(machines.probe(machines.rom(machine, memory=memory)), ("linux32", []))

    def test_too_small(self):
        """a line, and not a hang"""
        for memory in ("15M", "37M"):
            with self.subTest(memory):
                text = self.run_machine(by_rom.rom("-kernel", disks.PROBE["bzimage"], memory=memory))
                self.assertEqual(len([line for line in self.said(text) if line.startswith("the kernel: ")]), 1)
                self.assertEqual(self.said(text)[-1], "nothing to boot")

    def test_memory_types(self):
        for machine, memory in SIZES:
            with self.subTest(machine=machine, memory=memory):
                with console.Console(by_rom.rom("-kernel", MTRR, machine=machine, memory=memory), 60) as guest:
                    guest.expect("end\n")
                    types = Types(guest.text)
                self.assertTrue(types.enabled)
                low_end = max(end for _, end in types.ram if end <= 4 * GIB)
                for start, end in types.ram:
                    wrong = [hex(at) for at in (start, *range(start + MIB, end, 64 * MIB), end - 1) if types.of(at) != WB
                             and not 0xC0000 <= at < MIB]
                    self.assertEqual(wrong, [], "RAM is written back")
                devices = [0xA0000, 0xBFFFF, 0xFEC00000, 0xFEE00000, 0xFFFFFFFF, max(low_end, 0xC0000000) + 255 * MIB & -256 * MIB]
                self.assertEqual([hex(at) for at in devices if types.of(at) != UC], [], "devices are not cached")
                self.assertEqual({types.of(at) for at in range(0xC0000, MIB, 4096)}, {WP})


class Kernels(by_rom.Machine):
    def test_places(self):
        for bits in (32, 64):
            for place in (0x1000, 0x7000, 0x8000, 0x80000, 0x9F000, MIB, 2 * MIB, 127 * MIB):
                with self.subTest(f"{place:#x}, {bits} bits"):
                    self.assertEqual(self.tiny(place, bits=bits).strip(), tiny_kernel.said(place))

    def test_places_that_are_taken(self):
        where, free = by_rom.WHERE, "bytes at {:#x} are needed, and that is no free RAM"
        for place, line in ((0x600, where), (0xF00, where), (0x10000, where), (0x40000, where), (0x9FC00, free), (0xA0000, free),
                            (0xC0000, free), (0xE0000, free), (0xF0000, free), (256 * MIB - 0x3000, free), (handed.NOWHERE, free)):
            with self.subTest(f"{place:#x}"):
                text = self.tiny(place, *disks.drives("pc", "blk", disks.extlinux()))
                self.next_is_the_disk(text, line.format(place))

    def test_hostile(self):
        """what QEMU 7.2 hands over all the same: of all segments the first address, and up to the last one"""
        for name, spoiled, line in (
                ("a segment beyond", {"more": ((0, 1 << 40, 16, 16),)}, "the kernel: 0xfff00010, and 0xfff00000 is the most"),
                ("a segment over a device", {"more": ((0, 0xFEE00000, 16, 16),)}, "the kernel: 0xfed00010 bytes at 0x100000 are needed"),
                ("its memory over us", {"memsz": 0x20000, "address": 0x8000}, by_rom.WHERE.format(0x8000))):
            with self.subTest(name):
                text = self.tiny(spoiled.pop("address", MIB), *disks.drives("pc", "blk", disks.extlinux()), **spoiled)
                self.next_is_the_disk(text, line)

    def test_odd(self):
        """nothing that we need is wrong with it: QEMU has loaded what there is, and no header is read again"""
        for name, spoiled in (("an entry that PVH does not ask for", {"entry": 5}),
                              ("a segment that wraps", {"more": ((0, (1 << 64) - 16, 16, 32),)}),
                              ("headers of another size", {"phentsize": 55}),
                              ("sections nowhere", {"shoff": 1 << 62, "shnum": 7, "shentsize": 64}),
                              ("many segments", {"more": tuple((0, 2 * MIB + i * 8192, 16, 16) for i in range(20))})):
            with self.subTest(name):
                self.assertEqual(self.tiny(MIB, **spoiled).strip(), tiny_kernel.said(MIB))

    def test_old_version(self):
        image = disks.PROBE["bzimage"].read_bytes()
        kernel = by_rom.put("old", image[:0x206] + b"\0\1" + image[0x208:])
        text = self.run_machine(by_rom.rom("-kernel", kernel, *disks.drives("pc", "blk", disks.extlinux())))
        self.next_is_the_disk(text, "^the kernel: error 13 of field 37: 0x100, 0x200$")


class Silent(by_rom.Machine):
    def test_disk(self):
        """it is waited for, not for ever, and the next one boots; nobody waits for the firmware's reset of it"""
        silent = ["-drive", "if=none,id=s,driver=null-co,size=1048576,throttling.bps-total=1", "-device",
                  "virtio-blk-pci,drive=s,addr=3"]
        text = self.run_machine(by_rom.rom(*silent, *disks.drives("pc", "blk", disks.extlinux())))
        self.assertEqual(self.said(text)[:2], ["virtio-blk 00:03.0: no answer: it is asked no more",
                                               "virtio-blk 00:03.0: the first sector cannot be read"])
        self.assertRegex(self.said(text)[2], "second from virtio-blk 00:02.0")
        self.judge(text)


class Large(unittest.TestCase):
    """An initrd of a GiB and some bytes, most of it a hole in its file."""

    SIZE = GIB + 4099
    MEMORY = 5 * GIB // 2

    def arrived(self, machine, text, size=SIZE):
        """The probe tells where an initrd of that size lies; its ends and its middle are looked at from outside."""
        found = re.findall(r'"probe":"module","index":0,"start":"(0x\w+)","size":(\d+)', text)
        self.assertEqual([int(size) for _, size in found], [size], text[-3000:])
        start = int(found[0][0], 16)
        for at, data in ((0, b"begin" + bytes(11)), (size // 2, bytes(4096)), (size - 16, bytes(13) + b"end")):
            self.assertEqual(machine.peek(start + at, len(data)), data)

    def test_rom(self):
        for dma, size in (("on", self.SIZE), ("off", 64 * MIB)):  # a byte at a time
            with self.subTest(dma=dma), tempfile.NamedTemporaryFile(prefix="zeropage-large-") as file:
                file.write(b"begin")
                file.seek(size - 3)
                file.write(b"end")
                file.flush()
                machine = bare.Bare("-kernel", disks.PROBE["bzimage"], "-initrd", file.name, "-global", f"fw_cfg.dma_enabled={dma}",
                                    machine="pc", memory=3 * GIB, bios=console.ROM, watched=False)
                self.addCleanup(machine.close)
                self.arrived(machine, machine.enter("pvh", 0, seconds=400), size)

    def test_elf(self):
        machine = bare.Bare(memory=self.MEMORY, watched=False)
        self.addCleanup(machine.close)
        place = 64 * MIB
        ranges = ((0, 0x9FC00, handed.RAM), (MIB, self.MEMORY, handed.RAM))
        machine.load()
        machine.write(handed.HANDED, struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, 2, handed.MODULES, 0, 0, handed.MAP, 2, 0))
        machine.write(handed.MAP, handed.e820(*ranges, entry="<QQI4x"))
        machine.write(handed.MODULES, struct.pack("<QQQQQQQQ", handed.KERNEL, len(handed.KERNEL_BYTES), 0, 0, place, self.SIZE, 0, 0))
        machine.write(handed.KERNEL, handed.KERNEL_BYTES)
        machine.write(place, b"begin")
        machine.write(place + self.SIZE - 3, b"end")
        self.arrived(machine, machine.enter("pvh", handed.HANDED, seconds=400))


if __name__ == "__main__":
    zptap.main()
