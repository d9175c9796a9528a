# SPDX-License-Identifier: BSD-2-Clause
"""Disks of many kinds boot: tables and file systems as their tools make them, whole, damaged, and where others come first."""
import json
import re
import zlib

import console
import disk_kinds as kinds
import test_disks as disks
import zptap

DEFAULT = "the default of its configuration"
FIRST = "the first of all entries"


class Kinds(disks.Machine):
    """One boot each; what is said beside the decision is a list of patterns."""

    def boots(self, machine, words, where, notes=(), title=kinds.TITLE, why=DEFAULT, rom=True, protocol="linux32", **how):
        front = ("-bios", console.ROM) if rom else ("-kernel", console.ELF)
        text = self.run_machine(console.qemu(machine, *front, *words, **how))
        lines = self.said(text)
        decided = re.compile(f"^{title} from virtio-{where}: {why}$")
        others = [line for line in lines if not decided.search(line)]
        self.assertEqual(len(lines) - len(others), 1, lines)
        self.assertEqual(len(others), len(notes), lines)
        for line, pattern in zip(others, notes):
            self.assertRegex(line, pattern)
        self.judge(text, protocol)
        return text

    def disk(self, path, number, *notes, machine="q35", kind="blk", sector=512, **how):
        """From this partition of one disk; 0: it has none."""
        part = f", partition {number}" if number else ""
        return self.boots(machine, disks.drives(machine, kind, path, sector=sector), rf"{kind} \S+( target 0 lun 0)?{part}", notes, **how)


class Quick(Kinds):
    def test_mbr(self):
        """the second logical partition of an MBR, ext4"""
        self.disk(kinds.mbr_logical(), 6)

    def test_gpt_copy(self):
        """a GPT whose first copy is destroyed"""
        self.disk(kinds.gpt_first_destroyed(), 1, "GPT in sector 1 is of no use", "GPT is taken from its copy", kind="scsi",
                  machine="pc")

    def test_fat12(self):
        """a whole disk of FAT12, its first table damaged"""
        self.disk(kinds.fat_table_damaged(12, 2 * kinds.MIB), 0, "a table is damaged, the other one is used")

    def test_iso(self):
        """a CD of ISO 9660 with names of Rock Ridge, sectors of 2048 bytes"""
        self.boots("pc", kinds.cd("pc", kinds.iso_rock_ridge()), r"scsi \S+ .*")

    def test_super(self):
        """an ext4 whose first superblock is destroyed"""
        self.disk(kinds.super_destroyed(1024), 0, "ext4: superblock 0: damaged; a copy is used")

    def test_packed(self):
        """a packed file in a partition"""
        self.disk(kinds.packed_in_gpt(), 2, title="Image", why=FIRST, protocol="linux64")

    def test_initrds(self):
        """several initrds, each at a multiple of four of what is handed over"""
        parts = [bytes([65 + i]) * size for i, size in enumerate((1, 4094, 7, 16))]
        files = {f"rd{i}": part for i, part in enumerate(parts)}
        entry = disks.entry("Four", "/probe", *[f"initrd /rd{i}" for i in range(4)], initrd=None)
        path = disks.esp("initrds", {**files, "loader/entries/four.conf": entry})
        text = self.run_machine(console.qemu("pc", "-bios", console.ROM, *disks.drives("pc", "blk", path)))
        report = [json.loads(line[line.index("{"):]) for line in text.splitlines() if '{"probe":' in line and line.endswith("}")]
        joined = kinds.padded(*parts)
        self.assertEqual([(line["size"], int(line["crc32"], 16)) for line in report if line["probe"] == "module"],
                         [(len(joined), zlib.crc32(joined))])


if __name__ == "__main__":
    zptap.main()
