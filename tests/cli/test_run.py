# SPDX-License-Identifier: BSD-2-Clause
"""zeropage run as a command: exit codes and last lines. What guests see is the boot tests' matter."""
import os
import pathlib
import tempfile
import unittest

import zptap


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.work = pathlib.Path(self.folder.name)
        made = zptap.command(os.environ["ZP_GEN_IMAGE"], "bzimage", self.work / "halts")
        self.assertEqual(made.returncode, 0, made.stderr)

    def run_guest(self, *argv):
        ran = zptap.command(zptap.BINARY, "run", "halts", "--engine", "qemu", "-m", "64M", *argv,
                            cwd=self.work, timeout=90)
        self.assertEqual(ran.stdout, "")
        return ran.returncode, ran.stderr.splitlines()

    def test_halted(self):
        """a guest that halts for good is exit code 1, and the last line says so"""
        code, lines = self.run_guest("--timeout", "60")
        self.assertEqual(code, 1)
        self.assertEqual(lines[-1], "zeropage: halts: the guest halted for good, with interrupts off")
        self.assertIn("zeropage: halts enters by linux64 at 0x1000200, 1 CPU", lines)

    def test_quiet(self):
        """--quiet leaves the error alone"""
        code, lines = self.run_guest("--quiet", "--timeout", "60", "--silence", "0")
        self.assertEqual(code, 1)
        self.assertEqual(lines, ["zeropage: halts: the guest halted for good, with interrupts off"])

    def test_what_was_asked_for_in_vain(self):
        """an option without effect is a line; the same wish by default is none"""
        asked = ["--timeout", "60", "--silence", "0", "--direct", "off"]
        vain = [line for line in self.run_guest(*asked)[1] if "no KASLR" in line or "of no use" in line]
        self.assertEqual(vain, [])
        lines = self.run_guest("--kaslr", "7", "--share-pages", *asked)[1]
        self.assertIn("zeropage: halts: no KASLR, for the bzImage's own code moves the kernel by itself", lines)
        self.assertIn("zeropage: --share-pages is of no use: the qemu engine has copies of all pages", lines)

    def test_arguments_for_qemu(self):
        """what follows -- goes to QEMU, and a disk that is not there is refused"""
        code, lines = self.run_guest("--timeout", "60", "--", "-device", "no-such-device")
        self.assertEqual(code, 1)
        self.assertTrue([line for line in lines if "no-such-device" in line], lines)
        code, lines = self.run_guest("--disk", "missing.img")
        self.assertEqual(code, 1)
        self.assertTrue([line for line in lines if "missing.img" in line], lines)

    def test_plan_that_cannot_be_made(self):
        """an image that does not fit is exit code 1 with the line that plan has"""
        code, lines = self.run_guest("--protocol", "pvh")
        plan = zptap.command(zptap.BINARY, "plan", "halts", "--protocol", "pvh", cwd=self.work)
        self.assertEqual((code, lines[-1]), (1, plan.stderr.rstrip("\n")))

    def test_option_that_kvm_cannot_honour(self):
        """the KVM engine, or its absence, is one line that names the reason"""
        ran = zptap.command(zptap.BINARY, "run", "halts", "--engine", "kvm", "--net", "user", cwd=self.work)
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertRegex(ran.stderr.splitlines()[-1], "--net|kvm")


if __name__ == "__main__":
    zptap.main()
