# SPDX-License-Identifier: BSD-2-Clause
"""Images of ext2, ext3 and ext4 by the real tools, and what is in them."""
import os
import pathlib
import random
import shutil
import tempfile
import unittest

import looking
import zptap

os.environ["PATH"] += ":/usr/sbin:/sbin"


def make_tree(root):
    random.seed(20)
    root = pathlib.Path(root)
    (root / "loader/entries").mkdir(parents=True)
    (root / "a/b/c").mkdir(parents=True)
    (root / "many").mkdir()
    (root / "vmlinuz").write_bytes(random.randbytes(700001))
    (root / "loader/entries/one.conf").write_text("title One\nlinux /vmlinuz\n")
    for size in (0, 1, 59, 60, 61, 100, 130, 159, 160, 161, 300, 400, 1023, 1024, 1025, 4095, 4096, 4097, 65537):
        (root / f"a/{size}").write_bytes(random.randbytes(size))
    for number in range(250):
        (root / f"many/a name that is long enough to fill some blocks, number {number}").write_text(f"{number}")
    (root / ("many/" + "n" * 255)).write_text("255")
    (root / "many/Grüße").write_text("UTF-8")
    with open(root / "holes", "wb") as file:  # several hundred extents; indirect blocks of two levels
        for number in range(0, 1200, 2):
            file.seek(number * 4096 + 7)
            file.write(b"%d" % number)
        file.truncate(6 << 20)
    (root / "short").symlink_to("a/b/../100")
    (root / "a/b/c/absolute").symlink_to("/a/b/../1024")
    (root / "a/long").symlink_to("./" * 60 + "b/c/../../../vmlinuz")
    (root / "a/directory").symlink_to("b/c")
    (root / "dangling").symlink_to("nowhere")
    (root / "circle").symlink_to("circle")
    (root / "chain0").symlink_to("vmlinuz")
    for number in range(1, 20):
        (root / f"chain{number}").symlink_to(f"chain{number - 1}")


def contents(root):
    """Path -> (size, CRC32) of all files below root, links to them left out."""
    found = {}
    for folder, _, names in os.walk(os.fsencode(root)):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    inner = "/" + os.path.relpath(path, os.fsencode(root)).decode("utf-8", "surrogateescape")
                    found[inner] = looking.content(file.read())
    return found


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="zp-ext4-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.tree = os.path.join(cls.folder.name, "tree")
        make_tree(cls.tree)
        cls.wanted = contents(cls.tree)

    def setUp(self):
        self.image = self.path("image")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_tool(self, *argv, accept=(0,)):
        ran = zptap.command(*argv, timeout=60)
        self.assertIn(ran.returncode, accept, f"{argv}: {ran.stdout}{ran.stderr}")
        return ran.stdout + ran.stderr

    def make(self, options, size, image=None):
        image = image or self.image
        with open(image, "wb") as file:
            file.truncate(size << 20)
        self.run_tool("mke2fs", "-q", "-F", "-E", "hash_seed=00112233-4455-6677-8899-aabbccddeeff",
                      "-L", "a label", *options.split(), "-d", self.tree, image)
        return image

    def debugfs(self, *commands, image=None):
        script = self.path("commands")
        pathlib.Path(script).write_text("".join(line + "\n" for line in commands))
        return self.run_tool("debugfs", "-w", "-f", script, image or self.image)

    def files_by_debugfs(self, image):
        out = self.path("dumped")
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        self.run_tool("debugfs", "-R", f'rdump / "{out}"', image)
        return contents(out)

    def assert_files(self, found, wanted, said=""):
        """All that is wanted was found; more may be there."""
        wrong = {path: (found.get(path), wanted[path]) for path in wanted if found.get(path) != wanted[path]}
        self.assertFalse(wrong, said)  # of dictionaries this large the difference takes a minute to print

    def assert_seen(self, seen, wanted):
        self.assert_files(seen.files(), wanted, seen.notes)
