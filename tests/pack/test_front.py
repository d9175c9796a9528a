# SPDX-License-Identifier: BSD-2-Clause
"""The front of packed files alone, before a body that tells what it was handed: from disks and by -kernel."""
import pathlib
import random
import re
import selectors
import struct
import subprocess
import tempfile
import time
import unittest

import zptap

FRONT = zptap.BUILD / "src/pack/front"
PARTS = zptap.BUILD / "tests/pack/front"
SECTOR = 512
BODY = 0x1000
HEADERS = 0x280
BALANCE = 0xFFC
SYSSIZE = 0x1F4
INIT_SIZE = 0x260
MIB = 1 << 20
FLOPPY = 2880 * SECTOR
RAM = 1
# Bits of old_bios.S.
NO_E820, NO_E801, NO_EDD, A20_CLOSED = 1, 2, 4, 8
SECONDS = 60


def image(flavour="elf", size=3 * MIB, init_size=None):
    """A file of that size: the front, and a body whose words add up to 0."""
    body = bytearray((PARTS / "front_body.bin").read_bytes())
    body += random.Random(1).randbytes(size - BODY - len(body))
    at = body.index(b"the body") + 8
    struct.pack_into("<II", body, at, len(body), 0)
    struct.pack_into("<I", body, at + 4, -sum(struct.unpack(f"<{len(body) // 4}I", body)) & 0xFFFFFFFF)
    front = bytearray((FRONT / f"front-{flavour}.bin").read_bytes())
    assert len(front) == BODY
    struct.pack_into("<I", front, SYSSIZE, len(body) // 16)
    struct.pack_into("<I", front, INIT_SIZE, init_size or len(body) + MIB)
    words = struct.unpack_from(f"<{(BODY - HEADERS) // 4}I", front, HEADERS)
    struct.pack_into("<I", front, BALANCE, -sum(words) & 0xFFFFFFFF)
    return bytes(front + body)


def boot(*arguments, until, memory=64):
    """What QEMU's serial port says, up to `until` or the end of the time."""
    argv = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-vga", "std", "-no-reboot", "-accel", "tcg",
            "-m", memory, "-serial", "stdio", "-device", "isa-debug-exit,iobase=0x501", *arguments]
    said = b""
    deadline = time.monotonic() + SECONDS
    with subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as qemu, selectors.DefaultSelector() as selector:
        selector.register(qemu.stdout, selectors.EVENT_READ)
        try:
            while until not in said and time.monotonic() < deadline:
                if not selector.select(1):
                    continue
                got = qemu.stdout.read1(4096)
                if not got:
                    break
                said += got
        finally:
            qemu.kill()
    return said.decode(errors="replace").replace("\r", "")


def disk(path, interface="ide"):
    return ["-drive", f"file={path},format=raw,if={interface}"]


class Front(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="zeropage-front-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def handed(self, *arguments, **options):
        """Boots to the body's end; its report, and what came before."""
        said = boot(*arguments, until=b"\nend\n", **options)
        self.assertIn("\nend\n", said)
        before, _, report = said.partition("\nbody\n")
        lines = [line.split(" ", 1) for line in report.splitlines() if " " in line]
        numbers = [(key, int(value, 16)) for key, value in lines if key != "cmdline"]
        found = dict(numbers)
        found["cmdline"] = dict(lines)["cmdline"]
        rows = [value for key, value in numbers if key in ("e820", "size", "type")]
        found["map"] = list(zip(rows[::3], rows[1::3], rows[2::3]))
        self.assertEqual(found["sum"], 0, "the body came whole")
        self.assertEqual((found["cs"], found["ds"], found["sentinel"]), (0x10, 0x18, 0))
        self.assertEqual(found["base"], found["code32_start"])
        self.assertEqual((found["mode"], found["columns"], found["lines"], found["vga"]), (3, 80, 25, 1))
        return found, before

    def refused(self, *arguments, message, **options):
        said = boot(*arguments, until=message.encode() + b"\r\n", **options)
        self.assertIn(f"\nzeropage: {message}\n", said)
        self.assertNotIn("\nbody\n", said)

    def test_disk(self):
        found, before = self.handed(*disk(self.write("disk", image())))
        self.assertEqual(before.strip(), "..")
        self.assertEqual((found["base"], found["loader"]), (MIB, 0xFF))
        self.assertEqual((found["ramdisk"], found["cmdline"]), (0, ""))
        self.assertEqual(found["map"][0][0::2], (0, RAM))
        above = [row for row in found["map"] if row[0] == MIB]
        self.assertEqual([row[2] for row in above], [RAM])
        self.assertEqual(found["alt_mem_k"], above[0][1] >> 10)

    def test_disk_is_found(self):
        """The PE flavour loses the drive number: another disk comes first."""
        other = self.write("other", bytes(2 * MIB))
        path = self.write("disk", image("pe"))
        found, _ = self.handed("-drive", f"file={other},format=raw,if=none,id=a", "-device",
                               "virtio-blk-pci,drive=a", "-drive", f"file={path},format=raw,if=none,id=b",
                               "-device", "virtio-blk-pci,drive=b,bootindex=0")
        self.assertEqual(found["loader"], 0xFF)

    def test_floppy(self):
        found, before = self.handed(*disk(self.write("floppy", image(size=FLOPPY)), "floppy"))
        self.assertEqual((before.strip(), found["base"]), (".", MIB))

    def test_old_bios(self):
        """By cylinders from a hard disk, memory told by AH=88h alone, address line 20 closed."""
        floppy = bytearray((PARTS / "old_bios.bin").read_bytes())
        floppy[0x1F0] = NO_E820 | NO_E801 | NO_EDD | A20_CLOSED
        start = self.write("floppy", bytes(floppy) + bytes(FLOPPY - len(floppy)))
        found, _ = self.handed(*disk(start, "floppy"), *disk(self.write("disk", image() + bytes(MIB))),
                               "-boot", "a", memory=32)
        self.assertEqual(found["alt_mem_k"], 0)
        self.assertEqual([row[0::2] for row in found["map"]], [(0, RAM), (MIB, RAM)])
        self.assertGreater(found["map"][1][1], 30 * MIB)
        floppy[0x1F0] = NO_E820
        start.write_bytes(bytes(floppy) + bytes(FLOPPY - len(floppy)))
        found, _ = self.handed(*disk(start, "floppy"), *disk(self.folder / "disk"), "-boot", "a", memory=32)
        self.assertEqual([row[0::2] for row in found["map"]], [(0, RAM), (MIB, RAM), (16 * MIB, RAM)])
        self.assertEqual(found["map"][1][1], 15 * MIB)

    def test_loader(self):
        found, before = self.handed("-kernel", self.write("kernel", image()), "-append", "one two")
        self.assertNotIn(".", before)
        self.assertEqual((found["base"], found["loader"] >> 4, found["cmdline"]), (MIB, 0xB, "one two"))
        self.assertEqual(found["boot_params"] & 0xF, 0)

    def test_altered(self):
        data = bytearray(image())
        data[BODY - 64] ^= 1
        path = self.write("disk", data)
        message = "the first sectors of this file are altered: their sum is wrong"
        self.refused(*disk(path), message=message)
        self.refused("-kernel", path, message=message)

    def test_truncated(self):
        data = image()[:2 * MIB + 3 * SECTOR]
        self.refused(*disk(self.write("disk", data), "virtio"),
                     message=f"disk read error at sector {len(data) // SECTOR}")

    def test_read_error(self):
        """One that lasts is told of; after one that does not the read is tried again."""
        path = self.write("disk", image())
        rule = '[inject-error]\nevent = "read_aio"\nsector = "{}"\n{}\n'
        for sector, message in ((3, "disk read error"), (3000, "disk read error at sector 3000")):
            rules = self.write("rules", rule.format(sector, "").encode())
            drive = ["-drive", f"file=blkdebug:{rules}:{path},format=raw,if=virtio,rerror=report"]
            self.refused(*drive, message=message)
            rules.write_bytes(rule.format(sector, 'once = "on"').encode())
            self.handed(*drive)

    def test_memory(self):
        said = boot(*disk(self.write("disk", image(init_size=40 * MIB - 100))), until=b"gap\r\n", memory=32)
        told = re.search(r"\nzeropage: this image needs (\d+) MiB of RAM, and there are (\d+) without a gap\n", said)
        self.assertIsNotNone(told, said)
        self.assertEqual((told[1], told[2]), ("41", "31"))


if __name__ == "__main__":
    zptap.main()
