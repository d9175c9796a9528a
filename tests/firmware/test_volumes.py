# SPDX-License-Identifier: BSD-2-Clause
"""Volumes and files of images that the real tools made."""
import os
import tempfile
import unittest

import looking
import zptap


class Images(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="zp-volumes-")
        self.addCleanup(self.folder.cleanup)
        self.image = os.path.join(self.folder.name, "image")

    def empty(self, size):
        with open(self.image, "wb") as file:
            file.truncate(size)


class Whole(Images):
    def test_empty_disk(self):
        """a disk without anything is one volume, and nobody's"""
        self.empty(1 << 20)
        seen = looking.Seen(self.image)
        self.assertEqual([(v["volume"], v["start"], v["size"]) for v in seen.of("volume")], [(0, 0, 1 << 20)])
        self.assertEqual(seen.of("file_system"), [])


if __name__ == "__main__":
    zptap.main()
