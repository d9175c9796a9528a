# SPDX-License-Identifier: BSD-2-Clause
"""ext2, ext3 and ext4: images by mke2fs with what it knows, held against debugfs."""
import os
import pathlib
import unittest

import ext4_images
import looking
import zptap

# Name: what mke2fs is told, beside the tree; sizes in MiB.
CASES = {
    "ext2": ("-t ext2", 8),
    "ext2, first revision": ("-t ext2 -r 0 -b 1024 -O none", 8),
    "ext2 without file types": ("-t ext2 -O ^filetype", 8),
    "ext2 of 4 KiB": ("-t ext2 -b 4096", 8),
    "ext3": ("-t ext3", 16),
    "ext3 of 2 KiB": ("-t ext3 -b 2048", 16),
    "ext4": ("-t ext4", 16),
    "ext4 of 2 KiB": ("-t ext4 -b 2048", 16),
    "ext4 of 4 KiB": ("-t ext4 -b 4096", 24),
    "ext4 of 64 KiB": ("-t ext4 -b 65536 -O ^has_journal -N 400", 48),
    "block numbers with checksums": ("-t ext4 -O ^extent,^64bit", 16),
    "neither 64bit nor checksums": ("-t ext4 -O ^64bit,^metadata_csum", 16),
    "CRC-16 of groups": ("-t ext4 -O ^metadata_csum,uninit_bg", 16),
    "CRC-16 of long descriptors": ("-t ext4 -O ^metadata_csum,uninit_bg,64bit", 16),
    "old inodes": ("-t ext4 -I 128", 16),
    "inodes of 1 KiB": ("-t ext4 -I 1024", 16),
    "inline": ("-t ext4 -O inline_data", 16),
    "inline, inodes of 512": ("-t ext4 -O inline_data -I 512", 16),
    "inline, no checksums": ("-t ext4 -O inline_data,^metadata_csum", 16),
    "many groups": ("-t ext4 -b 1024 -g 256 -O ^resize_inode", 16),
    "no flex_bg": ("-t ext4 -b 1024 -g 1024 -O ^flex_bg,^resize_inode", 16),
    "meta_bg": ("-t ext4 -b 1024 -g 256 -O meta_bg,^resize_inode", 16),
    "meta_bg without 64bit": ("-t ext4 -b 1024 -g 256 -O meta_bg,^resize_inode,^64bit,^flex_bg", 16),
    "meta_bg and sparse_super2": ("-t ext4 -b 1024 -g 256 -O meta_bg,sparse_super2,^resize_inode", 16),
    "sparse_super2": ("-t ext4 -b 1024 -g 1024 -O sparse_super2,^resize_inode", 16),
    "superblocks everywhere": ("-t ext2 -b 1024 -g 1024 -O ^sparse_super,^resize_inode", 8),
    "bigalloc": ("-t ext4 -b 1024 -O bigalloc -C 16384", 24),
    "bigalloc of 4 KiB": ("-t ext4 -b 4096 -O bigalloc,^has_journal -C 65536", 48),
    "large_dir": ("-t ext4 -O large_dir", 16),
    "a seed of its own": ("-t ext4 -O metadata_csum_seed -U 0a1b2c3d-0011-2233-4455-66778899aabb", 16),
    "what else there is": ("-t ext4 -O casefold,encrypt,verity,ea_inode,mmp,quota,project,orphan_file,fast_commit", 16),
}


class Made(ext4_images.Images):
    """By mke2fs, with what it knows."""

    def test_features(self):
        """all files come out whole, whatever the features"""
        for name, (options, size) in CASES.items():
            with self.subTest(name):
                self.make(options, size)
                seen = looking.Seen(self.image)
                wanted = dict(self.wanted)
                if "inline_data" in options:  # mke2fs has its own idea of a file that begins with a hole then
                    del wanted["/holes"]
                self.assert_seen(seen, wanted)
                self.assertEqual(seen.files()["/a/long"], self.wanted["/vmlinuz"])
                self.assertEqual(seen.files()["/a/b/c/absolute"], self.wanted["/a/1024"])
                self.assertIn("/a/directory", seen.directories())
                self.assertEqual([line["label"] for line in seen.of("file_system")], ["a label"])
                uuid = self.run_tool("dumpe2fs", "-h", self.image).split("Filesystem UUID:")[1].split()[0]
                self.assertEqual([line["uuid"] for line in seen.of("file_system")], [uuid.replace("-", "")])
                self.assertEqual({line["absent"] for line in seen.of("absent")}, {"/dangling"})

    def test_sectors_of_4_kib(self):
        """the same from a disk with large sectors"""
        for options in ("-t ext4 -b 4096", "-t ext4 -b 1024"):
            self.make(options, 16)
            self.assert_seen(looking.Seen(self.image, sector=4096), self.wanted)

    def test_hash_trees(self):
        """directories with a hash tree, of one level and of two"""
        tree = self.tree
        self.tree = self.path("full")
        os.makedirs(self.tree + "/many")
        for number in range(800):
            pathlib.Path(f"{self.tree}/many/{number} {'x' * 200}").touch()
        wanted = ext4_images.contents(self.tree)
        for options in ("-t ext4 -b 1024 -N 1000", "-t ext4 -b 1024 -N 1000 -O ^metadata_csum"):
            self.make(options, 16)
            self.run_tool("e2fsck", "-fyD", self.image, accept=(0, 1))
            self.assertIn("Indirect levels: 1", self.debugfs("htree /many"))
            seen = looking.Seen(self.image)
            self.assert_seen(seen, wanted)
            self.assertEqual(seen.notes, [])
        self.tree = tree

    def test_paths(self):
        """paths are taken as the kernel takes them"""
        self.make("-t ext4", 16)

        def seen(path):
            line = looking.Seen(self.image, path).lines[2:]
            line = [one for one in line if "note" not in one][0]
            return next(iter(line)), line.get("size")

        for path in ("a/100", "/a/100", "//a///100", "./a/./100", "a/b/../100", "../../a/100", "a/directory/../../100",
                     "short", "a/b/c/../../../short"):
            self.assertEqual(seen(path), ("file", 100), path)
        for path in ("a/100/", "a/100/.", "none", "a/none/100", "dangling", "a/100/..", "A/100", "a/10", "a/" + "n" * 256):
            self.assertEqual(seen(path), ("absent", None), path)
        for path in ("", "/", "a/..", "a/directory/", "a/directory/.."):
            self.assertEqual(seen(path)[0], "directory", path)
        for path in ("circle", "circle/x", "chain19", "/" * 5000):
            self.assertEqual(seen(path)[0], "unopened", path[:20])
        self.assertEqual(seen("chain15"), ("file", 700001))

    def test_fold(self):
        """names in a directory that folds case"""
        self.make("-t ext4 -O casefold", 16)
        self.assertEqual(looking.Seen(self.image, "A/100").of("file"), [])
        self.debugfs("sif / flags 0x40080000")
        self.assertEqual(looking.Seen(self.image, "A/100").files()["A/100"][0], 100)

    def test_what_is_refused(self):
        """encrypted files and directories, each alone; others are read"""
        self.make("-t ext4 -O encrypt", 16)
        self.debugfs("sif /vmlinuz flags 0x80800", "sif /a/b flags 0x80800", "sif /a/long flags 0x80800")
        seen = looking.Seen(self.image)
        notes = "\n".join(seen.notes)
        for what in ("file %s: encrypted", "directory %s: encrypted", "symbolic link %s: encrypted"):
            self.assertRegex(notes, what % r"\d+")
        self.assertEqual(seen.files()["/a/100"], self.wanted["/a/100"])
        self.assertNotIn("/vmlinuz", seen.files())

    def assert_refused(self, why):
        seen = looking.Seen(self.image)
        self.assertEqual(seen.of("file_system"), [])
        self.assertEqual(len(seen.notes), 1, seen.notes)
        self.assertRegex(seen.notes[0], why)

    def test_unknown_features(self):
        """a feature that nobody knows, if it must be known"""
        self.make("-t ext4", 16)
        self.debugfs("feature FEATURE_C29 FEATURE_R29")
        self.assert_seen(looking.Seen(self.image), self.wanted)
        self.make("-t ext4", 16)
        self.debugfs("feature FEATURE_I29")
        self.assert_refused(f"incompatible features of number {1 << 29}: not known")

    def test_journal_device(self):
        """a disk that is another one's journal, and a journal that is another disk"""
        with open(self.image, "wb") as file:
            file.truncate(8 << 20)
        self.run_tool("mke2fs", "-q", "-F", "-b", "4096", "-O", "journal_dev", self.image)
        self.assert_refused("of a journal for another file system")
        self.make("-t ext4", 16)
        self.debugfs("ssv journal_inum 0", "ssv journal_dev 0x801")
        self.assert_seen(looking.Seen(self.image), self.wanted)
        self.debugfs("feature needs_recovery")
        self.assert_refused("journal 0: needs recovery and is on another disk")

    def test_cut_off(self):
        """a volume that is shorter than its file system"""
        self.make("-t ext4", 16)
        os.truncate(self.image, (16 << 20) - 4096)
        self.assert_refused("block count .*: more than the volume has")

    def test_failing_disk(self):
        """each of the first reads fails: a line, and no more than that"""
        self.make("-t ext4 -b 4096", 24)
        for number in range(1, 40):
            seen = looking.Seen(self.image, "/a/long", fail=number)
            self.assertTrue(seen.files() == {"/a/long": self.wanted["/vmlinuz"]} or "/a/long" not in seen.files() or
                            seen.files()["/a/long"][1] == "unreadable", number)
            if number > 1 and "/a/long" not in seen.files():  # of the first the driver tells
                self.assertGreaterEqual(len(seen.notes), 1, number)


if __name__ == "__main__":
    zptap.main()
