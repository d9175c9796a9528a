# SPDX-License-Identifier: BSD-2-Clause
"""What QEMU hands to the ROM: by fw_cfg with DMA and without, kernels in odd places, and those that do not boot, behind
which the disks are next."""
import re
import struct
import unittest

import console
import machines
import test_disks as disks
import tiny_kernel
import zptap

MIB = 1 << 20
SECONDS = 60
WHERE = "linked for {:#x}, where it cannot lie"


def rom(*options, machine="pc", **how):
    return console.qemu(machine, "-bios", console.ROM, *options, **how)


def put(name, data):
    path = disks.FOLDER / name
    path.write_bytes(data)
    return path


class Machine(disks.Machine):
    def run_machine(self, argv, end=""):
        with console.Console(argv, SECONDS) as guest:
            guest.expect(rf'"probe":"end"[^\n]*\n|nothing to boot[^\n]*\n|tiny kernel at [^\n]*\n{end}')
            return guest.text

    def tiny(self, address, *options, bits=64, **spoiled):
        kernel = put("tiny", tiny_kernel.kernel(address, bits, **spoiled))
        return self.run_machine(rom("-kernel", kernel, *options))

    def next_is_the_disk(self, text, line, cmdline=disks.WORDS):
        """One line that says why not, then the disk's line."""
        self.assertEqual(len(self.said(text)), 2, text)
        self.assertRegex(self.said(text)[0], line)
        self.assertRegex(self.said(text)[1], r"second from virtio-blk \S+, partition 1: the default of its configuration$")
        self.judge(text, cmdline=cmdline)


class Handed(Machine):
    def test_without_dma(self):
        """byte by byte, into memory that is mapped for that"""
        off = ["-global", "fw_cfg.dma_enabled=off"]
        self.assertEqual(machines.probe(machines.rom("pc") + off), ("linux32", []))
        initrd = put("pages", disks.INITRD.ljust(8192, b"\0"))
        text = self.run_machine(rom("-kernel", disks.PROBE["bzimage"], "-initrd", initrd, *off, memory="3G"))
        start = int(re.search(r'"probe":"module","index":0,"start":"(0x\w+)","size":8192,', text)[1], 16)
        self.assertGreater(start, 1 << 30)

    def test_old_machine(self):
        self.assertEqual(machines.probe(machines.rom("pc-i440fx-1.4")), ("linux32", []))

    def test_elf_on_an_old_machine(self):
        """QEMU puts it nowhere there"""
        kernel = put("old", tiny_kernel.kernel(MIB).ljust(0x4000, b"\0"))
        self.assertEqual(self.run_machine(rom("-kernel", kernel, machine="pc-i440fx-2.0")).strip(), tiny_kernel.said(MIB))

    def test_refused(self):
        """the kernel that QEMU was told of is no good: the disks are next"""
        image = disks.PROBE["bzimage"].read_bytes()
        spoiled = put("spoiled", image[:0x260] + struct.pack("<I", 0xFFFFF000) + image[0x264:])
        text = self.run_machine(rom("-kernel", spoiled, "-append", "more", *disks.drives("pc", "blk", disks.extlinux())))
        asks = r"^the kernel: asks for 0xfffff000 bytes of RAM \(4095 MiB, init_size\), and 0x[0-9a-f]+ are there$"
        self.next_is_the_disk(text, asks, f"{disks.WORDS} more")

    def test_where_we_are(self):
        """QEMU has put it where our variables are: it is not whole any more"""
        text = self.tiny(0x10000, *disks.drives("pc", "blk", disks.extlinux()))
        self.next_is_the_disk(text, WHERE.format(0x10000))

    def test_at_1_mib(self):
        self.assertEqual(self.tiny(MIB, bits=32).strip(), tiny_kernel.said(MIB))

    def test_seed(self):
        """of the CPU, for a kernel that is handed over; of a device, too, for one on a disk"""
        cpu = self.run_machine(rom("-kernel", disks.PROBE["bzimage"], "-cpu", "max"))
        disk = self.run_machine(rom("-device", "virtio-rng-pci", *disks.drives("pc", "blk", disks.extlinux())))
        seeds = [re.findall(r'"probe":"setup_data".*?"type":9,"len":32,"crc32":"(0x\w+)"', text) for text in (cpu, disk)]
        self.assertEqual([len(seed) for seed in seeds], [1, 1])
        self.assertNotEqual(*seeds)

    def test_long_words(self):
        text = self.run_machine(rom("-kernel", disks.PROBE["bzimage"], "-append", "x" * 9000), end=r"|9001 bytes[^\n]*\n")
        self.assertEqual(self.said(text), ["-append: 9001 bytes"])


if __name__ == "__main__":
    zptap.main()
