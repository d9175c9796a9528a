# SPDX-License-Identifier: BSD-2-Clause
"""tools/initramfs: cpio reads what it writes, twice the same, and bad requests say what is wrong."""
import pathlib
import re
import subprocess
import tempfile
import unittest

import zptap

TOOL = zptap.SOURCE / "tools/initramfs"


class Initramfs(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.where = pathlib.Path(holder.name)

    def write(self, *options, name="i.cpio"):
        path = self.where / name
        ran = zptap.command(TOOL, "-o", path, *options)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return path

    def member(self, archive, name):
        ran = subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", name], input=archive.read_bytes(),
                             capture_output=True, timeout=20, check=True)
        return ran.stdout

    def test_listing(self):
        """cpio lists the members with their modes and the console's numbers"""
        ran = subprocess.run(["cpio", "-itv", "--quiet"], input=self.write().read_bytes(),
                             capture_output=True, timeout=20, check=True)
        text = ran.stdout.decode()
        self.assertRegex(text, r"(?m)^crw-------.* 5, +1 .* dev/console$")
        self.assertRegex(text, r"(?m)^-rwxr-xr-x.* root +root .* init$")
        self.assertRegex(text, r"(?m)^-rwxr-xr-x.* bin/busybox$")
        self.assertRegex(text, r"(?m)^lrwxrwxrwx.* bin/sh -> busybox$")

    def test_same_bytes(self):
        """the same request gives the same bytes"""
        self.assertEqual(self.write(name="a").read_bytes(), self.write(name="b").read_bytes())

    def test_init_is_a_script(self):
        """each kind of /init parses, holds its marker and ends the machine"""
        for options, marker in (((), "zeropage: init reached"), (("--shell",), "zeropage: init reached"),
                                (("--marker", "it's here"), "it'\\''s here")):
            script = self.member(self.write(*options), "init").decode()
            self.assertIn(f"echo '{marker}'", script)
            self.assertTrue(script.endswith("power_off\n"))
            ran = subprocess.run(["sh", "-n"], input=script.encode(), capture_output=True, timeout=20)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("cttyhack", self.member(self.write("--shell"), "init").decode())

    def test_add_and_init(self):
        """--add places files with their directories, --init replaces the script"""
        plain = self.where / "plain"
        plain.write_text("hello")
        archive = self.write("--add", f"{plain}:/opt/deep/name", "--init", plain)
        self.assertEqual(self.member(archive, "opt/deep/name"), b"hello")
        self.assertEqual(self.member(archive, "init"), b"hello")
        listing = subprocess.run(["cpio", "-itv", "--quiet"], input=archive.read_bytes(),
                                 capture_output=True, timeout=20, check=True).stdout.decode()
        self.assertRegex(listing, r"(?m)^drwxr-xr-x.* opt/deep$")
        self.assertRegex(listing, r"(?m)^-rw-r--r--.* opt/deep/name$")

    def test_errors(self):
        """a bad request is one line and no file"""
        out = self.where / "none"
        for options, text in ((("--add", "/nonexistent:x"), "/nonexistent: No such file"),
                              (("--add", "x"), "FILE:PATH"), (("--init", "/nonexistent"), "/nonexistent"),
                              (("--add", f"{TOOL}:init"), "/init is in the archive already")):
            ran = zptap.command(TOOL, "-o", out, *options)
            self.assertEqual(ran.returncode, 1)
            self.assertRegex(ran.stderr, r"\Atools/initramfs: [^\n]*" + re.escape(text) + r"[^\n]*\n\Z")
            self.assertFalse(out.exists())


if __name__ == "__main__":
    zptap.main()
