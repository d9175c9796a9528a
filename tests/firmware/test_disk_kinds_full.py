# SPDX-License-Identifier: BSD-2-Clause
"""All other kinds of disks, by a boot each; initrds of 1 GiB, disks of 3 TiB, and bad disks in front of a good one."""
import functools
import json

import console
import disk_images as images
import disk_kinds as kinds
import test_disk_kinds
import test_disks as disks
import zptap
from test_disk_kinds import FIRST

MIB = kinds.MIB
CHECKSUM = "GPT in sector 1 is of no use, the checksum of its {} is wrong"
COPY = "GPT is taken from its copy in sector"
DAMAGED = "a table is damaged, the other one is used"
SUPER = "ext4: superblock 0: damaged; a copy is used"
IMAGE = {"title": "Image", "why": FIRST}


def ext(name, *options, size=16 * MIB):
    return functools.partial(kinds.ext, name, size, *options)


def fat(name, size, *options, **how):
    return functools.partial(kinds.fat, name, size, *options, **how)


# What, how it is made, its partition, what is said besides, how it is run.
KINDS = (
    ("an MBR's primary partition, FAT12", kinds.mbr_primary, 2, (), {"machine": "microvm"}),
    ("an MBR's logical partition, on SCSI", kinds.mbr_logical, 6, (), {"machine": "pc", "kind": "scsi"}),
    ("a partition of an MBR up to the last sector, FAT16", kinds.mbr_last_sector, 1, (), {}),
    ("a GPT with a wrong checksum of its header", kinds.gpt_first_checksum, 1, (CHECKSUM.format("header"), COPY), {}),
    ("a GPT with a wrong checksum of its entries", kinds.gpt_first_entries, 1, (CHECKSUM.format("entries"), COPY), {}),
    ("a GPT whose second copy is destroyed", kinds.gpt_second_destroyed, 1, (), {}),
    ("partition 128 of a GPT alone", kinds.gpt_last_number, 128, (), {}),
    ("the last usable sectors of a GPT", functools.partial(kinds.gpt_end, "end", 40 * MIB), 1, (), {}),
    ("the last sectors of a disk of 3 TiB", kinds.huge, 1, (), {}),
    ("the last sectors of a disk of 3 TiB, on SCSI", kinds.huge, 1, (), {"kind": "scsi", "rom": False}),
    ("a whole disk of FAT12", fat("whole-12", 2 * MIB, "-F", "12"), 0, (), {}),
    ("a whole disk of FAT16", fat("whole-16", 16 * MIB, "-F", "16"), 0, (), {}),
    ("a whole disk of FAT32", fat("whole-32", 40 * MIB, "-F", "32", "-s", "1"), 0, (), {}),
    ("FAT32 with one table", fat("one-table", 40 * MIB, "-F", "32", "-s", "1", "-f", "1"), 0, (), {}),
    ("FAT in sectors of 4096 bytes", fat("large-fat", 32 * MIB, sector=4096), 0, (), {"sector": 4096}),
    ("FAT in sectors of 512 on a disk of 4096", fat("small-fat", 16 * MIB), 0, (), {"sector": 4096}),
    ("FAT in sectors of 4096 on a disk of 512", fat("wide-fat", 32 * MIB, sector=4096), 0, (), {"kind": "scsi"}),
    ("long names, deep folders, FAT16", kinds.names, 0, (), {}),
    ("FAT16 with a damaged table", functools.partial(kinds.fat_table_damaged, 16, 16 * MIB, "-s", "1"), 0, (DAMAGED,), {}),
    ("FAT32 with a damaged table", functools.partial(kinds.fat_table_damaged, 32, 40 * MIB, "-s", "1"), 0, (DAMAGED,), {}),
    ("ext2", functools.partial(kinds.old_ext, "ext2"), 0, (), {}),
    ("ext3", functools.partial(kinds.old_ext, "ext3"), 0, (), {"machine": "microvm"}),
    ("ext4", ext("ext4"), 0, (), {"rom": False}),
    ("ext4 with blocks of 1 KiB", ext("ext4-1k", "-b", "1024"), 0, (), {}),
    ("ext4 with blocks of 2 KiB", ext("ext4-2k", "-b", "2048"), 0, (), {}),
    ("ext4 with blocks of 4 KiB, of 4096-byte sectors", ext("ext4-4k", "-b", "4096"), 0, (), {"sector": 4096}),
    ("ext4 with blocks of 1 KiB on a disk of 4096", ext("ext4-1k4", "-b", "1024"), 0, (), {"sector": 4096}),
    ("ext4 of 64 bits, with checksums", ext("ext4-64", "-O", "64bit,metadata_csum"), 0, (), {}),
    ("ext4 of 32 bits, without checksums", ext("ext4-32", "-O", "^64bit,^metadata_csum"), 0, (), {}),
    ("ext4 with checksums of groups alone", ext("ext4-gdt", "-O", "^metadata_csum,uninit_bg"), 0, (), {}),
    ("ext4 with small files in inodes", ext("ext4-inline", "-O", "inline_data", "-I", "256"), 0, (), {}),
    ("ext4 with clusters", ext("ext4-cluster", "-O", "bigalloc", "-C", "16384", size=64 * MIB), 0, (), {}),
    ("ext4 with groups of descriptors", ext("ext4-meta", "-O", "meta_bg,^resize_inode"), 0, (), {}),
    ("ext4 with two copies of the superblock", ext("ext4-sparse2", "-O", "sparse_super2"), 0, (), {}),
    ("ext4 with case folding", ext("ext4-fold", "-O", "casefold"), 0, (), {}),
    ("ext4 with a large directory that has an index", kinds.htree, 0, (), {}),
    ("ext4 with links to the kernel", kinds.links, 0, (), {}),
    ("ext4 of 2 KiB without its first superblock", functools.partial(kinds.super_destroyed, 2048), 0, (SUPER,), {}),
    ("ext4 of 4 KiB without its first superblock", functools.partial(kinds.super_destroyed, 4096), 0, (SUPER,), {}),
    ("ext4 with a wrong checksum of its superblock", kinds.super_checksum, 0,
     ("ext4: superblock 0: its checksum is wrong", SUPER), {}),
    ("ISO 9660 with names of Joliet, as a disk", kinds.iso_joliet, 0, (), {}),
    ("ISO 9660 with its own names, as a disk", kinds.iso_plain, 0, (), {"kind": "scsi"}),
    ("ISO 9660 on a disk of 4096", kinds.iso_rock_ridge, 0, (), {"sector": 4096}),
    ("ISO 9660 with a GPT", kinds.iso_hybrid, 0, (), {}),
    ("a packed file of PE", functools.partial(kinds.packed, "--flavour=pe"), 0, (), {**IMAGE, "protocol": "linux64"}),
    ("a packed file, unpacking its kernel", functools.partial(kinds.packed, "--compress=lz4"), 0, (),
     {**IMAGE, "protocol": "linux64"}),
    ("a packed file with a partition that could boot, too", kinds.packed_with_partition, 0, (), {**IMAGE, "protocol": "linux64"}),
    ("a packed file in a logical partition", kinds.packed_in_logical, 5, (), {**IMAGE, "protocol": "linux64"}),
    ("what a GPT leaves of a packed file", kinds.packed_made_gpt, 1, (), IMAGE),
    ("a packed file where UEFI starts it", kinds.packed_by_uefi, 1, (), {**IMAGE, "protocol": "linux64"}),
    ("a unified kernel image where UEFI starts it", kinds.unified_by_uefi, 1, (), {"title": ".*", "why": FIRST}),
)


class Full(test_disk_kinds.Kinds):
    def test_cd(self):
        """CDs with names of Joliet, with plain ones, on microvm, and of a hybrid"""
        for machine, make in (("q35", kinds.iso_joliet), ("pc", kinds.iso_plain), ("microvm", kinds.iso_rock_ridge),
                              ("q35", kinds.iso_hybrid)):
            with self.subTest(machine=machine, make=make.__name__):
                self.boots(machine, kinds.cd(machine, make()), r"scsi .*")

    def test_large_initrd(self):
        """an initrd of more than 1 GiB, of which the probe can tell where it lies"""
        size = (1 << 30) + 5003
        folder = images.tree(disks.place("large.tree"), {"extlinux/extlinux.conf": kinds.CONFIG, "probe": disks.PROBE["bzimage"]})
        with open(folder / "initrd", "wb") as file:
            for at in range(0, size, 64 * MIB):
                file.seek(at)
                file.write(b"here")
            file.truncate(size)
        path = images.ext4(disks.place("large"), folder, 1200 * MIB)
        text = self.run_long(console.qemu("q35", "-bios", console.ROM, *disks.drives("q35", "blk", path), memory="3G"))
        serial = images.tree(disks.FOLDER, {"serial": text}) / "serial"
        ran = zptap.command(zptap.BINARY, "probe", "--judge", serial, "--json", "--cmdline", disks.WORDS, "--initrd",
                            folder / "initrd", timeout=300)
        failed = [(clause["id"], clause["detail"]) for clause in json.loads(ran.stdout)["clauses"]
                  if clause["level"] == "must" and clause["verdict"] == "fail"]
        self.assertEqual(failed, [("modules.whole", "module 0: too large")])  # it would take too long to sum up
        self.assertRegex(text, rf'"probe":"module","index":0,"start":"0x[0-9a-f]+000","size":{size},')

    def run_long(self, argv):
        with console.Console(argv, 300) as guest:
            guest.expect(r'"probe":"end"[^\n]*\n')
            return guest.text

    def test_bad_ones_first(self):
        """a silent disk, some that fail, and spoiled ones in front of the good one: a line or two each"""
        good = kinds.gpt()
        words = [*kinds.silent(0, 10), *kinds.failing(1, good, 0)]
        words += disks.drives("pc", "blk", *disks.hostile()) + kinds.unit(good)
        text = self.run_long(console.qemu("pc", "-bios", console.ROM, *words))
        lines = self.said(text)
        self.assertRegex(lines[-1], rf"^one from virtio-scsi .*, partition 1: {test_disk_kinds.DEFAULT}$")
        self.assertRegex("\n".join(lines), "virtio-blk 00:02.0: no answer: it is asked no more")
        self.assertRegex("\n".join(lines), "virtio-blk 00:03.0: the first sector cannot be read")
        self.assertLess(len(lines), 26, lines)
        self.judge(text)

    def test_sector_that_fails(self):
        """a sector that cannot be read: the second GPT, the second table of a FAT and another superblock are there"""
        path = kinds.fat("fails", 16 * MIB, "-F", "16", "-s", "1")
        table = kinds.peek(path, 14, 2)
        for made, sector, notes in ((kinds.gpt(), 1, 3), (path, table, 2), (kinds.super_destroyed(1024), 2, 5)):
            with self.subTest(path=made.name):
                text = self.run_machine(console.qemu("pc", "-bios", console.ROM, *kinds.failing(0, made, sector)))
                lines = self.said(text)
                self.assertRegex("\n".join(lines), rf"(?m)^one from virtio-blk .*: {test_disk_kinds.DEFAULT}$")
                self.assertLess(len(lines), 2 + notes, lines)
                self.assertGreater(len(lines), 1, lines)
                self.judge(text)

    def test_eight(self):
        """eight disks, the kernel on the last; then each of them has one, and the first is taken"""
        blank = images.empty(disks.place("blank-8"), MIB)
        self.boots("q35", disks.drives("q35", "blk", *[blank] * 7, kinds.gpt()), r"blk 00:0[89]\.0, partition 1")
        self.boots("q35", disks.drives("q35", "scsi", *[kinds.gpt()] * 8), r"scsi \S+ target 0 lun 0, partition 1")

    def test_other_file_system(self):
        """an initrd on another file system than its kernel is told of, and the next entry taken"""
        entries = {"loader/entries/two.conf": disks.entry("Two", "/probe", "version 2", initrd="/boot/rd"),
                   "loader/entries/one.conf": disks.entry("One", "/probe", "version 1")}
        path = images.gpt(disks.place("two-systems"), ("ef00", "ESP", kinds.fat("two-fat", 8 * MIB, files=entries)),
                          ("8300", "boot", kinds.ext("two-ext", 16 * MIB, files={"boot/rd": disks.INITRD})))
        self.disk(path, 1, "two: /boot/rd is not there", title="One", why=".*")

    def test_lost(self):
        """what is left of a disk beyond repair costs lines, and the machine stands still"""
        lost = kinds.patch(kinds.super_destroyed(1024), 8193 * 1024, bytes(1024))
        text = self.run_machine(console.qemu("pc", "-bios", console.ROM, *disks.drives("pc", "blk", lost)))
        self.assertRegex(self.said(text)[-1], "nothing to boot")
        self.assertLess(len(self.said(text)), 5, text)


def add(number, what, make, partition, notes, how):
    def test(self):
        self.disk(make(), partition, *notes, **how)

    test.__doc__ = what
    setattr(Full, f"test_kind_{number:02}", test)


for _number, _kind in enumerate(KINDS):
    add(_number, *_kind)


if __name__ == "__main__":
    zptap.main()
