# SPDX-License-Identifier: BSD-2-Clause
"""Journals that need recovery, by debugfs and by the kernel, held against what e2fsck makes of them."""
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

import ext4_images
import looking
import zptap

MAGIC = b"\xc0\x3b\x39\x98"  # what each of the journal's own blocks begins with
SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
SHUTDOWN_NO_FLUSH = 2


def sync(path):
    """Commits what was done in the file system of a directory, and nothing elsewhere."""
    directory = os.open(path, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


class Dirty(ext4_images.Images):
    def files_of(self, image):
        return self.files_by_debugfs(image)

    def replayed(self, image=None):
        """What e2fsck makes of a copy."""
        copy = self.path("replayed")
        shutil.copy(image or self.image, copy)
        told = self.run_tool("e2fsck", "-fy", copy, accept=(0, 1))
        self.assertIn("recovering journal", told)
        self.run_tool("e2fsck", "-fn", copy)
        return self.files_of(copy)


class Written(Dirty):
    """By debugfs."""

    def blocks(self, image):
        return pathlib.Path(image).read_bytes()

    def changed(self, before, after, size):
        """Block number -> what it is in after, where that is not what it is in before."""
        old, new = self.blocks(before), self.blocks(after)
        return {at // size: new[at:at + size] for at in range(0, len(new), size) if old[at:at + size] != new[at:at + size]}

    def write(self, blocks, revoke=()):
        """Commands that put a transaction into the journal."""
        name = self.path(f"blocks{self.transactions}")
        self.transactions += 1
        pathlib.Path(name).write_bytes(b"".join(blocks.values()))
        revoked = [f"jw -r {','.join(str(block) for block in revoke)}"] if revoke else []
        return [f"jw -b {','.join(str(block) for block in blocks)} {name}"] + revoked

    def later(self, size):
        """A copy of the image with other files in it."""
        after = self.path("after")
        shutil.copy(self.image, after)
        new = self.path("new")
        pathlib.Path(new).write_bytes(MAGIC + b"x" * (size - 4) + os.urandom(20000))
        self.debugfs("rm /a/100", "rm /vmlinuz", f"write {new} vmlinuz-new", "mkdir /fresh",
                     f"write {new} /fresh/file", image=after)
        self.run_tool("e2fsck", "-fy", after, accept=(0, 1))
        return after

    def test_by_debugfs(self):
        """transactions, revocations and blocks that look like the journal's own, with all kinds of checksums"""
        for options, size, opening in (
                ("-t ext4 -b 1024", 1024, "jo -c"), ("-t ext4 -b 4096", 4096, "jo -c -v 3"),
                ("-t ext4 -b 1024 -O ^64bit", 1024, "jo -c -v 3"), ("-t ext4 -b 1024 -O ^64bit", 1024, "jo -c -v 2"),
                ("-t ext4 -b 2048", 2048, "jo -c -v 2"), ("-t ext4 -b 1024 -O ^metadata_csum", 1024, "jo"),
                ("-t ext3 -b 1024", 1024, "jo"), ("-t ext3 -b 4096", 4096, "jo")):
            with self.subTest(f"{options}, {opening}"):
                self.transactions = 0
                self.make(options, 24)
                after = self.later(size)
                changes = self.changed(self.image, after, size)
                kept = [int(block) for block in self.debugfs("blocks /a/65537").split("\n")[1].split()]
                garbage = {block: os.urandom(size) for block in list(changes) + kept}
                del garbage[1024 // size]
                few = dict(list(changes.items())[:3])
                self.debugfs(opening, *self.write(garbage), *self.write(few, kept), *self.write(changes), "jc")
                wanted = self.files_by_debugfs(after)
                self.assertFalse(wanted == self.wanted)
                self.assert_files(self.replayed(), wanted)
                seen = looking.Seen(self.image)
                self.assert_seen(seen, wanted)
                self.assertNotIn("/vmlinuz", seen.files())

    def test_not_committed(self):
        """a transaction without its commit block is none"""
        self.transactions = 0
        self.make("-t ext4 -b 1024", 24)
        after = self.later(1024)
        changes = self.changed(self.image, after, 1024)
        self.debugfs("jo -c", *[line.replace("jw -b", "jw -c -b") for line in self.write(changes)], "jc")
        self.debugfs("feature needs_recovery")
        self.assert_files(self.replayed(), self.wanted)
        self.assert_seen(looking.Seen(self.image), self.wanted)

    def test_not_needed(self):
        """what is in a journal does not count when the superblock says that it is not needed"""
        self.transactions = 0
        self.make("-t ext4 -b 1024", 24)
        after = self.later(1024)
        changes = self.changed(self.image, after, 1024)
        self.debugfs("jo -c", *self.write(changes), "jc")
        self.debugfs("feature -needs_recovery")
        self.assert_seen(looking.Seen(self.image), self.wanted)

    def log(self, image):
        """Where the image's journal is: the offset of each of its blocks."""
        blocks = self.debugfs("blocks <8>", image=image).split("\n")[1].split()
        return [int(block) * 1024 for block in blocks]

    def test_spoiled(self):
        """a committed transaction with a byte wrong anywhere is never taken in part"""
        self.transactions = 0
        self.make("-t ext4 -b 1024 -O ^extent,^64bit", 24)
        after = self.later(1024)
        changes = self.changed(self.image, after, 1024)
        self.debugfs("jo -c", *self.write(changes), "jc")
        whole = bytearray(self.blocks(self.image))
        log = self.log(self.image)
        for block in (0, 1, 2, len(changes) // 2, len(changes) + 1, len(changes) + 2):
            spoiled = bytearray(whole)
            spoiled[log[block] + 200] ^= 1
            pathlib.Path(self.image).write_bytes(spoiled)
            seen = looking.Seen(self.image, "/vmlinuz-new")
            self.assertRegex("\n".join(seen.notes) or "read", "checksum is wrong|read", block)
            self.assertTrue(seen.notes or seen.files().get("/vmlinuz-new") == self.files_by_debugfs(after)["/vmlinuz-new"])


def why_no_mount():
    """The reason for which no image can be mounted here, or None."""
    if os.geteuid() != 0:
        return "only root mounts"
    with tempfile.TemporaryDirectory(prefix="zp-mount-") as folder:
        image, point = os.path.join(folder, "image"), os.path.join(folder, "point")
        os.mkdir(point)
        with open(image, "wb") as file:
            file.truncate(1 << 20)
        subprocess.run(["mke2fs", "-q", "-F", image], check=True, timeout=60)
        ran = zptap.command("mount", "-o", "loop,ro", image, point)
        if ran.returncode == 0:
            zptap.command("umount", point)
            return None
        return ran.stderr.strip()


WHY_NO_MOUNT = why_no_mount()


@unittest.skipIf(WHY_NO_MOUNT, f"no loop mounts here: {WHY_NO_MOUNT}")
class Kernel(Dirty):
    """By the kernel, shut down in the middle of its work."""

    def directories_of(self, image):
        point = self.path("point")
        self.run_tool("mount", "-o", "loop,ro", image, point)
        try:
            return {"/" + os.path.relpath(folder, point) if folder != point else "/" for folder, _, _ in os.walk(point)}
        finally:
            self.run_tool("umount", point)

    def files_of(self, image, options="loop,ro"):
        """As the kernel reads them: debugfs takes 60 bytes of inline data for all there are."""
        point = self.path("point")
        self.run_tool("mount", "-o", options, image, point)
        try:
            return ext4_images.contents(point)
        finally:
            self.run_tool("umount", point)

    def work(self, root, rounds):
        root = pathlib.Path(root)
        for turn in range(rounds):
            for number in range(100):
                (root / f"a/k{turn}.{number}").write_bytes(os.urandom(number * 7))
            sync(root)
            for number in range(0, 100, 3):
                (root / f"a/k{turn}.{number}").unlink()
            (root / f"d{turn}/e").mkdir(parents=True)
            shutil.copy(root / "vmlinuz", root / f"d{turn}/e/v")
            (root / f"d{turn}/magic").write_bytes(MAGIC * 600)
            sync(root)
            os.rename(root / f"d{turn}/e/v", root / f"d{turn}/v")
            if turn:
                shutil.rmtree(root / f"d{turn - 1}")
            with open(root / "sync", "wb") as file:
                for number in range(0, 200, 2):
                    file.seek(number * 4096)
                    file.write(b"%d" % number)
                file.flush()
                os.fsync(file.fileno())

    def crash(self, options, rounds):
        point = self.path("point")
        os.makedirs(point, exist_ok=True)
        self.run_tool("mount", "-o", "loop," + options, self.image, point)
        try:
            self.work(point, rounds)
            directory = os.open(point, os.O_RDONLY)
            fcntl.ioctl(directory, SHUTDOWN, struct.pack("I", SHUTDOWN_NO_FLUSH))
            os.close(directory)
        finally:
            self.run_tool("umount", point)

    def test_shut_down(self):
        """what the kernel left in its journal, which went round several times"""
        for making, options, rounds in (
                ("-t ext4 -b 1024", "data=ordered", 2), ("-t ext4 -b 1024 -J size=1", "data=journal", 3),
                ("-t ext4 -b 4096 -J size=4", "data=journal", 4),
                ("-t ext4 -b 1024 -O inline_data -J size=1", "data=ordered", 6),
                ("-t ext3 -b 1024 -J size=1", "data=journal", 3),
                ("-t ext4 -b 1024 -O ^metadata_csum,^64bit", "journal_checksum", 2),
                ("-t ext4 -b 1024 -O bigalloc", "journal_async_commit,data=writeback", 2)):
            with self.subTest(f"{making}, {options}"):
                self.make(making, 48)
                self.crash(options, rounds)
                wanted = self.replayed()
                seen = looking.Seen(self.image)
                self.assert_seen(seen, wanted)
                self.assertNotIn("/a/k0.0", seen.files())

    def fast_work(self, root):
        """Each step is a fast commit."""
        root = pathlib.Path(root)

        def write(name, data, mode="wb"):
            with open(root / name, mode) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

        write("a/before", os.urandom(10000))
        write("a/cut", os.urandom(50000))
        sync(root)
        os.sync()
        write("a/new", os.urandom(20000))
        write("a/before", os.urandom(3000), "ab")
        os.rename(root / "a/new", root / "a/newer")
        os.link(root / "a/100", root / "a/linked")
        (root / "a/130").unlink()
        write("a/131", b"x" * 131)
        os.truncate(root / "a/cut", 1234)
        (root / "fresh").mkdir()
        write("fresh/one", b"1" * 3000)
        (root / "fresh/deeper").mkdir()
        write("fresh/deeper/two", b"2" * 3000)
        os.rename(root / "fresh/one", root / "fresh/three")
        with open(root / "a/4096", "r+b") as file:
            file.truncate(0)
            file.seek(30000)
            file.write(b"end")
            file.flush()
            os.fsync(file.fileno())
        write("last", os.urandom(100))

    def test_fast_commits(self):
        """fast commits, as the kernel takes them"""
        self.work = lambda root, rounds: self.fast_work(root)
        for making in ("-t ext4 -b 1024 -O fast_commit", "-t ext4 -b 4096 -O fast_commit,inline_data",
                       "-t ext4 -b 2048 -O fast_commit,^metadata_csum"):
            with self.subTest(making):
                self.make(making, 48)
                self.crash("data=ordered", 1)
                seen = looking.Seen(self.image)
                shutil.copy(self.image, self.path("replayed"))
                wanted = self.files_of(self.path("replayed"), "loop,rw")
                self.assertIn("/last", wanted)
                self.assert_seen(seen, wanted)
                files = {path for path in seen.files() if not path.startswith(("/chain", "/short", "/a/long"))}
                self.assertEqual(files - set(wanted), {"/a/b/c/absolute", "/a/directory/absolute"})
                self.assertEqual(seen.directories() - {"/a/directory"},
                                 self.directories_of(self.path("replayed")))


if __name__ == "__main__":
    zptap.main()
