# SPDX-License-Identifier: BSD-2-Clause
"""The firmware's drivers on QEMU's machines: what they find, and the CRC32 of every disk that they read."""
import json
import os
import random
import re
import tempfile
import unittest
import zlib

import zptap

GUEST = zptap.BUILD / "tests/firmware/guest/drive-guest"
MIB = 1 << 20
SECTORS_4K = "logical_block_size=4096,physical_block_size=4096"
REQUEST_MAX = 16 * MIB


class Round:
    """What the guest said between its beginning and its reset of all devices; it does that twice."""

    def __init__(self, lines):
        self.notes = [line[5:] for line in lines if line.startswith("note ")]
        self.devices = {name: int(place, 16) for name, place in
                        re.findall(r"(?m)^device (.*) \| (\w+)$", "\n".join(lines))}
        # name -> (sectors, sector size, most sectors of a request, CRC32 or "failed")
        self.disks = {name: (int(sectors), int(size), int(most), crc) for name, sectors, size, most, crc in
                      re.findall(r"(?m)^disk (.*) \| (\d+) (\d+) (\d+) (\w+)$", "\n".join(lines))}
        self.random = [bytes.fromhex(line[7:]) for line in lines if line.startswith("random ")]


class Virtio(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="zp-virtio-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.images = {}
        # The last is larger than a request.
        for name, size in (("a", 1 * MIB), ("b", 2 * MIB), ("c", 3 * MIB), ("d", 4 * MIB), ("large", REQUEST_MAX + 5 * MIB)):
            data = random.Random(name).randbytes(size)
            cls.images[name] = (os.path.join(cls.folder.name, name), f"{zlib.crc32(data):08x}", size)
            with open(cls.images[name][0], "wb") as file:
                file.write(data)

    def drive(self, name, image=None):
        """Arguments of a backend; each has its image's name."""
        return ["-drive", f"if=none,id={name},format=raw,readonly=on,file={self.images[image or name][0]}"]

    def failing(self, name, sector):
        """A backend whose image has one sector that cannot be read."""
        layers = {"driver": "raw", "node-name": name, "file": {
            "driver": "blkdebug", "inject-error": [{"event": "none", "iotype": "read", "errno": 5, "sector": sector}],
            "image": {"driver": "file", "filename": self.images[name][0]}}}
        return ["-blockdev", json.dumps(layers)]

    def boot(self, machine, cmdline, *arguments):
        """Both rounds, which must have come to their end."""
        ran = zptap.command(
            "qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none",
            "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4", "-kernel", GUEST,
            "-append", cmdline, *arguments, timeout=60)
        said = ran.stdout.split("begin\n")[-1].splitlines()
        self.assertEqual((ran.returncode, said[-1:]), (1, ["end"]), ran.stdout + ran.stderr)
        first = said.index("quiet")
        rounds = Round(said[:first]), Round(said[first:])
        self.assertEqual(rounds[0].disks, rounds[1].disks, "what a reset changes")
        self.assertEqual(rounds[0].notes, rounds[1].notes)
        return rounds

    def disk(self, image, sector_size=512, most=REQUEST_MAX):
        _, crc, size = self.images[image]
        return size // sector_size, sector_size, most // sector_size, crc

    def check_random(self, rounds):
        got = rounds[0].random + rounds[1].random
        self.assertEqual([len(one) for one in got], [32, 32])
        self.assertNotEqual(got[0], got[1])

    def test_pc(self):
        """pc: block and SCSI, sectors of 512, 2048 and 4096 bytes, several units, by ports"""
        rounds = self.boot(
            "pc", "", *self.drive("a"), *self.drive("b"), *self.drive("c"), *self.drive("large"),
            *self.drive("cd", "b"),
            "-device", "virtio-blk-pci,drive=large,addr=4.0,multifunction=on",
            "-device", f"virtio-blk-pci,drive=a,addr=4.7,{SECTORS_4K}",
            "-device", "virtio-scsi-pci,id=scsi,addr=5.0",
            "-device", "scsi-hd,bus=scsi.0,drive=b,scsi-id=0,lun=0",
            "-device", f"scsi-hd,bus=scsi.0,drive=c,scsi-id=200,lun=300,{SECTORS_4K}",
            "-device", "scsi-cd,bus=scsi.0,drive=cd,scsi-id=200,lun=1",
            "-device", "virtio-rng-pci,addr=6.0")
        self.assertEqual(rounds[0].notes, [])
        self.assertEqual(rounds[0].disks, {
            "virtio-blk 00:04.0": self.disk("large"),
            "virtio-blk 00:04.7": self.disk("a", 4096),
            "virtio-scsi 00:05.0 target 0 lun 0": self.disk("b"),
            "virtio-scsi 00:05.0 target 200 lun 1": self.disk("b", 2048),
            "virtio-scsi 00:05.0 target 200 lun 300": self.disk("c", 4096)})
        self.check_random(rounds)

    def q35(self, cmdline):
        rounds = self.boot(
            "q35", cmdline, *self.drive("a"), *self.drive("b"), *self.drive("c"), *self.drive("d"),
            "-device", "pcie-root-port,id=near,chassis=1",
            "-device", "pcie-pci-bridge,id=outer,bus=near",
            "-device", "pci-bridge,id=inner,bus=outer,chassis_nr=2,addr=3",
            "-device", "pxb-pcie,id=root,bus_nr=128",
            "-device", "pcie-root-port,id=far,bus=root,chassis=3",
            "-device", "virtio-blk-pci,drive=a,bus=inner,addr=1.0,multifunction=on",
            "-device", "virtio-rng-pci,bus=inner,addr=1.5",
            "-device", f"virtio-blk-pci,drive=b,bus=far,{SECTORS_4K}",
            "-device", "virtio-scsi-pci,id=scsi,bus=pcie.0,addr=9.0",
            "-device", f"scsi-hd,bus=scsi.0,drive=d,{SECTORS_4K}",
            "-device", "virtio-blk-pci,drive=c,bus=pcie.0,addr=a.0,num-queues=4,queue-size=8,packed=on")
        self.assertEqual(rounds[0].notes, [])
        self.assertEqual(rounds[0].disks, {
            "virtio-scsi 00:09.0 target 0 lun 0": self.disk("d", 4096),
            "virtio-blk 00:0a.0": self.disk("c"),
            "virtio-blk 03:01.0": self.disk("a"),
            "virtio-blk 81:00.0": self.disk("b", 4096)})
        self.check_random(rounds)

    def test_q35_ports(self):
        """q35: behind two bridges and behind a root of its own, by ports"""
        self.q35("every-bus")

    def test_q35_ecam(self):
        """q35: the same in memory"""
        self.q35("every-bus ecam=0xb0000000")

    def test_high_bars(self):
        """q35: BARs above 4 GiB, behind an IOMMU"""
        rounds = self.boot(
            "q35", "", *self.drive("a"), *self.drive("b"), "-device", "intel-iommu",
            "-object", "memory-backend-ram,id=much,size=4G", "-device", "ivshmem-plain,memdev=much",
            "-device", "virtio-blk-pci,drive=a,addr=4.0,disable-legacy=on,iommu_platform=on",
            "-device", "virtio-scsi-pci,id=scsi,addr=5.0", "-device", "scsi-hd,bus=scsi.0,drive=b")
        self.assertEqual(rounds[0].disks, {
            "virtio-blk 00:04.0": self.disk("a"), "virtio-scsi 00:05.0 target 0 lun 0": self.disk("b")})
        for name, place in rounds[0].devices.items():
            self.assertGreaterEqual(place, 1 << 32, name)

    def test_microvm(self):
        """microvm: devices that the command line tells of"""
        rounds = self.boot(
            "microvm,acpi=off", "no-pci", "-global", "virtio-mmio.force-legacy=false",
            *self.drive("a"), *self.drive("b"), *self.drive("large"),
            "-device", "virtio-blk-device,drive=large",
            "-device", f"virtio-blk-device,drive=a,{SECTORS_4K}",
            "-device", "virtio-scsi-device,id=scsi",
            "-device", f"scsi-hd,bus=scsi.0,drive=b,{SECTORS_4K}", "-device", "virtio-rng-device")
        self.assertEqual(rounds[0].notes, [])
        self.assertEqual(rounds[0].disks, {
            "virtio-blk 0xfeb00e00": self.disk("large"), "virtio-blk 0xfeb00c00": self.disk("a", 4096),
            "virtio-scsi 0xfeb00a00 target 0 lun 0": self.disk("b", 4096)})
        self.check_random(rounds)

    def test_legacy(self):
        """devices of before version 1 are refused with a line, over MMIO and PCI"""
        rounds = self.boot("microvm,acpi=off", "no-pci", *self.drive("a"), "-device", "virtio-blk-device,drive=a")
        self.assertEqual(rounds[0].disks, {})
        self.assertRegex("\n".join(rounds[0].notes), r"^virtio-mmio 0xfeb00e00: version 1: a legacy device[^\n]*$")
        rounds = self.boot("pc", "", *self.drive("a"), *self.drive("b"),
                           "-device", "virtio-blk-pci,drive=a,addr=4.0,disable-modern=on,disable-legacy=off",
                           "-device", "virtio-blk-pci,drive=b,addr=5.0")
        self.assertEqual(rounds[0].disks, {"virtio-blk 00:05.0": self.disk("b")})
        self.assertRegex("\n".join(rounds[0].notes), r"^virtio-blk 00:04\.0: no registers of virtio 1[^\n]*$")

    def test_failing_disks(self):
        """disks that cannot be read are noted; the others are none the worse"""
        rounds = self.boot(
            "pc", "", *self.failing("a", 1000), *self.failing("b", 2000), *self.drive("c"),
            "-device", "virtio-blk-pci,drive=a,addr=4.0,rerror=report",
            "-device", "virtio-scsi-pci,id=scsi,addr=5.0", "-device", "scsi-hd,bus=scsi.0,drive=b,rerror=report",
            "-device", "virtio-blk-pci,drive=c,addr=6.0")
        self.assertEqual({name: disk[3] for name, disk in rounds[0].disks.items()}, {
            "virtio-blk 00:04.0": "failed", "virtio-scsi 00:05.0 target 0 lun 0": "failed",
            "virtio-blk 00:06.0": self.images["c"][1]})
        self.assertEqual(len(rounds[0].notes), 2)

    def test_slow_disk(self):
        """a disk that takes its time is waited for"""
        zeros = bytes(2 * MIB)
        rounds = self.boot(
            "pc", "", "-blockdev", f"null-co,node-name=n,size={len(zeros)},read-zeroes=on,latency-ns=500000000",
            "-device", "virtio-blk-pci,drive=n,addr=4.0")
        self.assertEqual(rounds[0].notes, [])
        self.assertEqual(rounds[0].disks["virtio-blk 00:04.0"][3], f"{zlib.crc32(zeros):08x}")


if __name__ == "__main__":
    zptap.main()
