# SPDX-License-Identifier: BSD-2-Clause
"""Volumes and files of images that the real tools made."""
import json
import os
import struct
import tempfile
import unittest
import uuid

import looking
import zptap

TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}


class Images(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="zp-volumes-")
        self.addCleanup(self.folder.cleanup)
        self.image = os.path.join(self.folder.name, "image")

    def empty(self, size):
        with open(self.image, "wb") as file:
            file.truncate(size)

    def tool(self, *argv, **options):
        ran = zptap.command(*argv, timeout=60, env=TOOLS, **options)
        self.assertEqual(ran.returncode, 0, f"{argv}: {ran.stdout}{ran.stderr}")
        return ran.stdout




class Tables(Images):
    """Partitions as sfdisk lists them."""

    def listed(self):
        table = json.loads(self.tool("sfdisk", "--json", self.image))["partitiontable"]
        gpt = table["label"] == "gpt"
        rows = []
        for row in table["partitions"]:
            number = int(row["node"][len(self.image):])
            if gpt:
                kind, name = uuid.UUID(row["type"]).bytes_le, row.get("name", "")
                own = uuid.UUID(row["uuid"]).bytes_le
            else:
                kind, name = bytes([int(row["type"], 16)]).ljust(16, b"\0"), ""
                own = struct.pack("<IB", int(table["id"], 16), number).ljust(16, b"\0")
            active = row.get("bootable", False) or "LegacyBIOSBootable" in row.get("attrs", "")
            if gpt or row["type"] not in ("5", "f", "85"):
                rows.append((number, row["start"] * 512, row["size"] * 512, kind.hex(), own.hex(), gpt, active,
                             "".join(c if c.isascii() else "?" for c in name)))
        return sorted(rows)

    def seen(self, sector=512):
        seen = looking.Seen(self.image, sector=sector)
        return seen, sorted((v["volume"], v["start"], v["size"], v["type"], v["uuid"], v["gpt"], v["active"],
                             looking.text(v["name"])) for v in seen.of("volume"))

    def sfdisk(self, script):
        self.tool("sfdisk", "-q", self.image, input=script, stdin=None)

    def gpt(self, *options, size=64 << 20):
        self.empty(size)
        self.tool("sgdisk", *options, "-n", "1:2048:+8M", "-t", "1:ef00", "-c", "1:EFI System", "-n", "5:0:+16M", "-t",
                  "5:ea00", "-c", "5:d\u00e9marrage", "-A", "5:set:2", "-n", "2:0:0", "-c", "2:" + "x" * 36, self.image)

    def spoil(self, offset, data):
        with open(self.image, "r+b") as file:
            file.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            file.write(data)

    def test_gpt(self):
        """partitions of sgdisk with a name, an attribute and gaps between numbers"""
        self.gpt()
        seen, volumes = self.seen()
        self.assertEqual(volumes, self.listed())
        self.assertEqual([v[0] for v in volumes], [1, 2, 5])
        self.assertEqual(seen.notes, [])

    def test_gpt_elsewhere(self):
        """entries that lie elsewhere, and 1024 of them"""
        for options in (["-o", "-j", "100"], ["-o", "-S", "1024", "-n", "1000:60000:60010"]):
            self.gpt(*options)
            seen, volumes = self.seen()
            self.assertEqual(volumes, self.listed())
            self.assertEqual(seen.notes, [])

    def test_gpt_damaged(self):
        """either copy damaged, in header or entries"""
        size = 64 << 20
        for offset in (512, 512 + 60, 1024, 1024 + 128 * 4 + 33):
            self.gpt()
            expected = self.listed()
            self.spoil(offset, b"\xa5" * 8)
            seen, volumes = self.seen()
            self.assertEqual(volumes, expected)
            self.assertIn(f"file: GPT is taken from its copy in sector {size // 512 - 1}", seen.notes)
            self.assertEqual(len(seen.notes), 2)
        for offset in (size - 512, size - 33 * 512):
            self.gpt()
            expected = self.listed()
            self.spoil(offset, bytes(512))
            seen, volumes = self.seen()
            self.assertEqual(volumes, expected)
            self.assertEqual(seen.notes, [])

    def test_gpt_both_damaged(self):
        """both copies damaged: the disk is one volume"""
        self.gpt()
        self.spoil(512, bytes(512))
        self.spoil(-512, bytes(512))
        seen, volumes = self.seen()
        self.assertEqual([v[0] for v in volumes], [0])
        self.assertEqual(len(seen.notes), 2)

    def test_gpt_grown(self):
        """a disk that has grown, with its first entries damaged"""
        self.gpt()
        expected = self.listed()
        os.truncate(self.image, 80 << 20)
        self.assertEqual(self.seen()[1], expected)
        self.spoil(1024, b"\xa5")
        self.assertEqual(self.seen()[1], expected)

    def test_gpt_cut(self):
        """a disk that was cut: what lies on it remains"""
        self.gpt()
        expected = self.listed()
        os.truncate(self.image, 40 << 20)
        seen, volumes = self.seen()
        self.assertEqual(volumes, [row for row in expected if row[0] != 2])
        self.assertEqual(seen.notes, ["file: partition 2 does not lie on the disk"])

    def test_large_sectors(self):
        """tables of 4096-byte sectors, by fdisk, which knows them in files"""
        for keys in ("g n 1 . +8M n 2 . +16M w", "o n p 1 . +8M n e 2 . . n . +4M n . +4M w"):
            self.empty(64 << 20)
            self.tool("fdisk", "-b", 4096, self.image, input=keys.replace(".", "").replace(" ", "\n") + "\n", stdin=None)
            rows = self.tool("fdisk", "-b", 4096, "-l", "-o", "Start,Sectors,Type", self.image).split("Type\n")[1]
            seen, volumes = self.seen(4096)
            self.assertEqual([(v[1], v[2]) for v in volumes],
                             [(int(row.split()[0]) << 12, int(row.split()[1]) << 12) for row in rows.splitlines()
                              if "Extended" not in row])
            self.assertEqual(seen.notes, [])

    def test_mbr(self):
        """primary partitions, with a gap between numbers"""
        self.empty(64 << 20)
        self.sfdisk("label: dos\nlabel-id: 0xcafe1234\n1: size=8MiB, type=c, bootable\n3: size=16MiB\n4: type=82\n")
        seen, volumes = self.seen()
        self.assertEqual(volumes, self.listed())
        self.assertEqual(seen.notes, [])

    def test_extended(self):
        """logical partitions, and their chain out of order"""
        self.empty(64 << 20)
        self.sfdisk("label: dos\n1: size=8MiB\n2: type=f\n" + "size=2MiB\n" * 12)
        self.assertEqual(self.seen()[1], self.listed())
        self.assertEqual(len(self.seen()[1]), 13)
        self.tool("sfdisk", "-q", "--delete", self.image, "7", "9")
        self.tool("sfdisk", "-q", "--append", self.image, input="size=1MiB\nsize=1MiB\n", stdin=None)
        seen, volumes = self.seen()
        self.assertEqual(volumes, self.listed())
        self.assertNotEqual([v[1] for v in volumes], sorted(v[1] for v in volumes))
        self.assertEqual(seen.notes, [])


class Whole(Images):
    def test_empty_disk(self):
        """a disk without anything is one volume, and nobody's"""
        self.empty(1 << 20)
        seen = looking.Seen(self.image)
        self.assertEqual([(v["volume"], v["start"], v["size"]) for v in seen.of("volume")], [(0, 0, 1 << 20)])
        self.assertEqual(seen.of("file_system"), [])


if __name__ == "__main__":
    zptap.main()
