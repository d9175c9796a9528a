# SPDX-License-Identifier: BSD-2-Clause
"""Volumes and files of images that the real tools made."""
import json
import os
import random
import shutil
import struct
import tempfile
import unittest
import uuid

import looking
import zptap

TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}

# The tools wait until their images are on the disk; in memory they are at once.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Images(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="zp-volumes-", dir=MEMORY)
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
    made = {}

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
        """sgdisk waits a second for each image, so that of each there is one: its first and its last MiB."""
        self.empty(size)
        if options not in self.made:
            self.tool("sgdisk", *options, "-n", "1:2048:+8M", "-t", "1:ef00", "-c", "1:EFI System", "-n", "5:0:+16M",
                      "-t", "5:ea00", "-c", "5:d\u00e9marrage", "-A", "5:set:2", "-n", "2:0:0", "-c", "2:" + "x" * 36,
                      self.image)
            with open(self.image, "rb") as file:
                self.made[options] = file.read(1 << 20), file.seek(-1 << 20, os.SEEK_END), file.read()
        self.spoil(0, self.made[options][0])
        self.spoil(-1 << 20, self.made[options][2])

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
            keys = keys.replace(".", "").replace(" ", "\n") + "\n"
            self.tool("fdisk", "-b", 4096, self.image, input=keys, stdin=None)
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


class Fat(Images):
    """Trees that mtools copied onto file systems of mkfs.fat."""
    NAMES = ["kernel", "KERNEL.IMG", "initrd.img", "Mixed.Case", "a name with spaces", "two.dots.conf", "TILDE~1",
             "\u043f\u0443\u0442\u044c", "\u65e5\u672c\u8a9e.efi", "d\u00e9j\u00e0 vu.conf", "+x,y;z=[1].conf",
             "thirteen-char", "fourteen-chars", "x" * 150, "longname-one", "longname-two",
             "6f1c3b5a9d2e4f708192a3b4c5d6e7f8-6.1.0-13-amd64.conf"]
    SIZES = [0, 1, 511, 512, 4095, 4096, 4097, 20000, 70000]

    def tree(self, seed, much):
        """Path -> bytes, in a folder of the host too."""
        chance, files = random.Random(seed), {}
        shutil.rmtree(self.folder.name + "/tree", ignore_errors=True)
        folders = ["", "/EFI", "/EFI/Folder", "/loader", "/loader/things", "/" + "y" * 150,
                   "/\u00e4\u00f6\u00fc folder"]
        for folder in folders:
            os.makedirs(self.folder.name + "/tree" + folder, exist_ok=True)
            for name in chance.sample(self.NAMES, 9):
                files[f"{folder}/{name}"] = chance.randbytes(chance.choice(self.SIZES))
        for number in range(much):
            files[f"/loader/many-{number:03}.conf"] = b"%d" % number
        for name, data in files.items():
            with open(self.folder.name + "/tree" + name, "wb") as file:
                file.write(data)
        return files, {"/"} | {folder for folder in folders if folder}

    def fill(self, seed, offset=0, much=150):
        files, directories = self.tree(seed, much)
        place = f"{self.image}@@{offset}"
        top = sorted(os.listdir(self.folder.name + "/tree"))
        self.tool("mcopy", "-s", "-i", place, *(f"{self.folder.name}/tree/{name}" for name in top), "::/")
        # Every third is deleted, and what comes after goes into the gaps.
        gone = [name for name in sorted(files) if "many" in name or "x" in name][::3]
        for name in gone:
            del files[name]
        self.tool("mdel", "-i", place, *("::" + name.replace("[", "\\[") for name in gone))
        files["/in gaps"] = random.Random(seed).randbytes(150000)
        with open(self.folder.name + "/gaps", "wb") as file:
            file.write(files["/in gaps"])
        self.tool("mcopy", "-i", place, self.folder.name + "/gaps", "::/in gaps")
        return files, directories

    def compare(self, seen, files, directories):
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.files(), {name: looking.content(data) for name, data in files.items()})
        self.assertEqual(seen.directories(), directories)

    def test_kinds(self):
        """FAT12, FAT16 and FAT32, sectors of 512 to 4096 bytes, small and large clusters"""
        kinds = [(12, 512, 2, 4), (12, 512, 8, 12), (12, 4096, 1, 14), (16, 512, 4, 30), (16, 1024, 1, 20),
                 (16, 4096, 2, 100), (32, 512, 1, 40), (32, 1024, 1, 80), (32, 2048, 2, 300), (32, 4096, 1, 300),
                 (32, 512, 64, 2200)]
        for number, (bits, sector, per_cluster, size) in enumerate(kinds):
            with self.subTest(bits=bits, sector=sector, per_cluster=per_cluster):
                self.empty(size << 20)
                self.tool("mkfs.fat", "-F", bits, "-S", sector, "-s", per_cluster, "-r", 512, "-i", "89abcdef",
                          "-n", "AN ESP", self.image)
                files, directories = self.fill(number)
                for disk in (512, sector):
                    seen = looking.Seen(self.image, sector=disk)
                    self.compare(seen, files, directories)
                    self.assertEqual([(f["file_system"], f["uuid"], f["label"]) for f in seen.of("file_system")],
                                     [("fat", "efcdab89", "AN ESP")])

    def test_listing(self):
        """the same names as mdir lists"""
        self.empty(40 << 20)
        self.tool("mkfs.fat", "-F", 32, self.image)
        self.fill(99)
        listed = self.tool("mdir", "-i", self.image, "-/", "-b", "::/").splitlines()
        seen = looking.Seen(self.image)
        names = set(seen.files()) | {name + "/" for name in seen.directories() if name != "/"}
        self.assertEqual(names, {name.removeprefix("::") for name in listed})

    def test_partition(self):
        """in a partition, beside an empty one"""
        self.empty(64 << 20)
        self.tool("sgdisk", "-n", "1:2048:+1M", "-n", "2:10240:+40M", "-t", "2:ef00", self.image)
        self.tool("mkfs.fat", "-F", 32, "--offset", 10240, self.image, 40 << 10)
        files, directories = self.fill(7, 10240 * 512)
        seen = looking.Seen(self.image)
        self.compare(seen, files, directories)
        self.assertEqual([(f["file_system"], f["volume"]) for f in seen.of("file_system")], [("fat", 2)])

    def test_whole_disk(self):
        """a disk without a table, also where mkfs.fat writes a table that is none"""
        for option in ("--mbr=no", "--mbr=yes"):
            self.empty(32 << 20)
            self.tool("mkfs.fat", option, self.image)
            files, directories = self.fill(8)
            seen = looking.Seen(self.image)
            self.assertEqual(seen.files(), {name: looking.content(data) for name, data in files.items()})
            self.assertEqual([v["volume"] for v in seen.of("volume")], [0])

    def test_any_case(self):
        """names in any case, short beside long"""
        self.empty(16 << 20)
        self.tool("mkfs.fat", self.image)
        self.tool("mmd", "-i", self.image, "::/EFI", "::/EFI/Long directory")
        self.tool("mcopy", "-i", self.image, "/etc/hostname", "::/EFI/Long directory/BootX64.efi")
        for path in ("/efi/long directory/bootx64.EFI", "EFI/LONGDI~1/BOOTX64.EFI",
                     "//EFI/./../efi//longdi~1/bootx64.efi/", "/../EFI/Long directory/BootX64.efi"):
            self.assertEqual(len(looking.Seen(self.image, path).files()), 1, path)
        for path in ("/efi/long", "/efi/long directory/bootx64.efi/x", "/efi/long directory/bootx64.efi2",
                     "/EFI/LONGDI~2"):
            self.assertEqual(len(looking.Seen(self.image, path).of("absent")), 1, path)

    def test_longest_names(self):
        """names of 255 letters, in directories of many clusters"""
        self.empty(16 << 20)
        self.tool("mkfs.fat", "-s", 2, self.image)
        self.tool("mmd", "-i", self.image, "::/names")
        names = [letter * 251 + ".efi" for letter in "abcdefghijklmnopqrstuvwxyz"]
        for name in names:
            self.tool("mcopy", "-i", self.image, "/etc/hostname", f"::/names/{name}")
        self.assertEqual(sorted(looking.Seen(self.image).files()), [f"/names/{name}" for name in names])

    def test_failed_reads(self):
        """a read that fails costs what it was to bring, and nothing else"""
        self.empty(8 << 20)
        self.tool("mkfs.fat", "-F", 12, "-s", 4, self.image)
        files, _ = self.fill(9, much=20)
        good = {name: looking.content(data) for name, data in files.items()}
        reads = looking.Seen(self.image).reads
        for number in range(1, reads + 1, max(1, reads // 60)):
            seen = looking.Seen(self.image, fail=number)
            for name, content in seen.files().items():
                self.assertIn(content[1], (good[name][1], "unreadable"))


class Iso(Images):
    """Trees that xorriso put into ISO 9660 images."""

    def make(self, *options):
        """The files; the image is at self.image."""
        top, chance = self.folder.name + "/tree", random.Random(5)
        files = {}
        for folder in ("", "/boot", "/boot/grub", "/EFI/BOOT", "/a/b/c/d/e/f/g/h/i"):
            os.makedirs(top + folder, exist_ok=True)
            for name in ("vmlinuz", "initrd.img-6.1.0-13-amd64", "Mixed Case.conf", "d\u00e9j\u00e0 vu", "x" * 100,
                         "no_dot"):
                files[f"{folder}/{name}"] = chance.randbytes(chance.choice([0, 1, 2047, 2048, 2049, 100000]))
        for number in range(100):
            files[f"/boot/many-{number:03}"] = b"%d" % number
        for name, data in files.items():
            with open(top + name, "wb") as file:
                file.write(data)
        self.tool("xorriso", "-as", "mkisofs", "-quiet", "-V", "A LABEL", *options, "-o", self.image, top)
        return {name: looking.content(data) for name, data in files.items()}

    def test_rock_ridge(self):
        """names of Rock Ridge, with Joliet's beside them"""
        for options in (["-R"], ["-R", "-J", "-joliet-long"]):
            files = self.make(*options)
            seen = looking.Seen(self.image)
            self.assertEqual(seen.files(), files)
            self.assertEqual(seen.notes, [])
            self.assertEqual(len(looking.Seen(self.image, "/BOOT/vmlinuz").of("absent")), 1)

    def test_links(self):
        """symbolic links: to a file, up and down again, from the root"""
        top = self.folder.name + "/tree"
        os.makedirs(top + "/boot/grub")
        os.makedirs(top + "/a")
        os.symlink("boot/vmlinuz", top + "/link")
        os.symlink("../../boot/../a/./b/c", top + "/boot/grub/up")
        os.symlink("/boot", top + "/a/root")
        os.symlink("loop", top + "/loop")
        files = self.make("-R")
        expected = {**files, "/link": files["/boot/vmlinuz"]}
        for place, target in (("/boot/grub/up", "/a/b/c"), ("/a/root", "/boot")):
            expected.update({place + name.removeprefix(target): what for name, what in expected.items()
                             if name.startswith(target + "/")})
        seen = looking.Seen(self.image)
        self.assertEqual(seen.files(), expected)
        self.assertEqual([line["unopened"] for line in seen.of("unopened")], ["/loop"])

    def test_long_names(self):
        """names that go on in a continuation area"""
        os.makedirs(self.folder.name + "/tree")
        name = "n" * 250
        with open(f"{self.folder.name}/tree/{name}", "w", encoding="ascii") as file:
            file.write("1")
        self.make("-R")
        self.assertIn("/" + name, looking.Seen(self.image).files())

    def test_joliet(self):
        """names of Joliet, in any case"""
        files = self.make("--norock", "-J", "-joliet-long")
        seen = looking.Seen(self.image)
        self.assertEqual(seen.files(), files)
        self.assertEqual(seen.notes, [])
        self.assertEqual(len(looking.Seen(self.image, "boot/MIXED case.conf").files()), 1)

    def test_plain(self):
        """names of eight letters and three, which Linux shows in lower case"""
        files = self.make("--norock")
        seen = looking.Seen(self.image)
        self.assertEqual(sorted(seen.files().values()), sorted(files.values()))
        self.assertEqual(seen.files()["/boot/vmlinuz"], files["/boot/vmlinuz"])
        self.assertEqual(seen.notes, [])

    def test_names(self):
        """label and date as blkid tells them"""
        self.make("-R")
        told = dict(line.split("=", 1) for line in self.tool("blkid", "-p", "-o", "export", self.image).splitlines())
        [system] = looking.Seen(self.image).of("file_system")
        date = bytes.fromhex(system["uuid"]).decode()
        self.assertEqual([system["file_system"], system["label"]], [told["TYPE"], told["LABEL"].replace("\\ ", " ")])
        self.assertEqual(date, told["UUID"].replace("-", ""))

    def test_hybrid(self):
        """an image with an ESP behind it, by MBR and by GPT"""
        esp = self.folder.name + "/esp"
        with open(esp, "wb") as file:
            file.truncate(4 << 20)
        self.tool("mkfs.fat", esp)
        self.tool("mcopy", "-i", esp, "/etc/hostname", "::/on the ESP")
        for option in ([], ["-appended_part_as_gpt"]):
            files = self.make("-R", "-append_partition", "2", "0xef", esp, *option)
            seen = looking.Seen(self.image)
            self.assertEqual([(f["file_system"], f["volume"]) for f in seen.of("file_system")],
                             [("fat", 2), ("iso9660", 0)])
            self.assertEqual(seen.files(0), files)
            self.assertEqual(list(seen.files(2)), ["/on the ESP"])
            self.assertEqual(seen.notes, [])

    def test_cut(self):
        """an image that was cut: files that are not there are not read"""
        files = self.make("-R")
        os.truncate(self.image, os.path.getsize(self.image) // 3)
        seen = looking.Seen(self.image)
        for name, content in seen.files().items():
            self.assertEqual(content, files[name])
        self.assertTrue(seen.of("unopened"))
        self.assertTrue(all("does not lie in its volume" in note for note in seen.notes))


class Whole(Images):
    def test_empty_disk(self):
        """a disk without anything is one volume, and nobody's"""
        self.empty(1 << 20)
        seen = looking.Seen(self.image)
        self.assertEqual([(v["volume"], v["start"], v["size"]) for v in seen.of("volume")], [(0, 0, 1 << 20)])
        self.assertEqual(seen.of("file_system"), [])


if __name__ == "__main__":
    zptap.main()
