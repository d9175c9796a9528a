# SPDX-License-Identifier: BSD-2-Clause
"""Images inside of others, booted: a UKI with an initrd and a command line of its own, and one that is compressed."""
import subprocess
import unittest

import guests
import zptap

SAYS = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
exec >/dev/console 2>&1
echo "zeropage: cmdline: $(/bin/busybox cat /proc/cmdline)"
echo "zeropage: file: $(/bin/busybox cat /own) $(/bin/busybox cat /mine)"
/bin/busybox reboot -f
"""


def uki(initrd):
    """Debian's stub and cloud kernel with an initrd; its command line is console=ttyS0."""
    path = guests.FOLDER / "with-initrd.efi"
    subprocess.run(["objcopy", "--add-section", f".initrd={initrd}", "--change-section-vma", ".initrd=0x8000000",
                    guests.kernel("uki"), path], check=True, timeout=60)
    return path


def file_of(text):
    path = guests.FOLDER / text
    path.write_text(text)
    return path


class Inside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.uki = uki(guests.initramfs(SAYS, ((file_of("own"), "/own"), (file_of("first"), "/mine"))))
        # Unpacked after the UKI's own: its file wins.
        cls.more = guests.initramfs(SAYS, ((file_of("second"), "/mine"),))

    def test_uki(self):
        """its initrd comes first, then that of --initrd; its command line is used and told"""
        ran = guests.run(self.uki, "--initrd", self.more)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
        self.assertIn("zeropage: cmdline: console=ttyS0\n", ran.stdout.replace("\r", ""))
        self.assertIn("zeropage: file: own second\n", ran.stdout.replace("\r", ""))
        self.assertIn("with-initrd.efi: with its own .initrd, ", ran.stderr)
        self.assertIn("with-initrd.efi: with its own command line: console=ttyS0\n", ran.stderr)
        self.assertIn("the ELF inside", ran.stderr)

    def test_compressed_uki(self):
        """the same out of a zstd file, by its own entry, with another command line"""
        packed = guests.FOLDER / "uki.zst"
        subprocess.run(["zstd", "-q", "-1", "-f", self.uki, "-o", packed], check=True, timeout=60)
        ran = guests.run(packed, "--direct", "off", "--cmdline", "console=ttyS0 other", "--quiet")
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
        self.assertIn("zeropage: cmdline: console=ttyS0 other\n", ran.stdout.replace("\r", ""))
        self.assertIn("zeropage: file: own first\n", ran.stdout.replace("\r", ""))
        self.assertEqual(ran.stderr, "")


if __name__ == "__main__":
    zptap.main()
