# SPDX-License-Identifier: BSD-2-Clause
"""Kernels of other makers, each by every protocol that it offers, as far as they get without a disk."""
import unittest

import guests
import zptap

LINUX = ["--initrd", "INITRAMFS", "--cmdline", "console=ttyS0 panic=-1 reboot=k quiet"]


def start(name, *arguments, seconds=90):
    """A run that may be ended by --timeout: many of these kernels never end by themselves."""
    arguments = [guests.initramfs() if argument == "INITRAMFS" else argument for argument in arguments]
    return guests.run(guests.kernel(name), "--silence", 0, *arguments, timeout=seconds)


class OtherLinux(unittest.TestCase):
    def test_to_userspace(self):
        """zstd and xz payloads, 6.12 and the generic kernel"""
        for name in ("cloud-6.12", "generic"):
            for protocol in ("linux64", "linux32"):
                with self.subTest(kernel=name, protocol=protocol):
                    ran = start(name, "--direct", "off", "--protocol", protocol, *LINUX)
                    self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
                    self.assertIn(guests.MARKER, ran.stdout)

    def test_i386(self):
        """a 32-bit kernel unpacks its initramfs and looks for an init that it could run"""
        ran = start("i386-pae", "--direct", "off", *LINUX)
        self.assertIn("enters by linux32", ran.stderr)
        self.assertIn("No working init found", ran.stdout)  # the busybox in there is a 64-bit one
        self.assertEqual(ran.returncode, 0, ran.stderr)  # panic=-1 resets


class Multiboot(unittest.TestCase):
    def test_xen(self):
        """Xen with a Linux dom0 and its initrd as modules; by multiboot 2 it is moved up high"""
        for protocol, place in (("multiboot1", "load base address: 0"), ("multiboot2", "load base address: 0x3")):
            with self.subTest(protocol=protocol):
                # The first word is the image's name; our ROM is no BIOS that real-mode code could call.
                ran = start("xen", "-m", "1G", "--protocol", protocol,
                            "--cmdline", "xen no-real-mode console=com1 com1=115200,8n1",
                            "--module", f"{guests.kernel('cloud')}:console=hvc0", "--module", "INITRAMFS")
                self.assertIn("(XEN) Bootloader: zeropage", ran.stdout, ran.stderr)
                self.assertIn("(XEN) Command line: no-real-mode console=com1 com1=115200,8n1", ran.stdout)
                self.assertIn(place, ran.stdout)
                self.assertRegex(ran.stdout, r"ACPI: RSDP 000[0-9A-F]{5}, 0024 \(r2 ZEROPG\)")
                self.assertIn("Dom0 kernel: 64-bit", ran.stdout)

    def test_gnumach(self):
        ran = start("gnumach", "--cmdline", "gnumach console=com0", seconds=15)
        self.assertIn("enters by multiboot1", ran.stderr)
        self.assertIn("GNU Mach 1.8", ran.stdout)
        self.assertIn("physical memory map:", ran.stdout)

    def test_tboot(self):
        ran = start("tboot", "--cmdline", "logging=serial", seconds=15)
        self.assertIn("enters by multiboot2", ran.stderr)
        self.assertIn("TBOOT: command line: logging=serial", ran.stdout)


class Memtest(unittest.TestCase):
    def test_banner(self):
        """not relocatable, linked at 1 MiB"""
        for name, protocol in (("memtest", "linux64"), ("memtest", "linux32"), ("memtest32", "linux32")):
            with self.subTest(kernel=name, protocol=protocol):
                ran = start(name, "--protocol", protocol, "--cmdline", "console=ttyS0,115200", seconds=45)
                self.assertIn("Memtest86+", ran.stdout, ran.stderr)


if __name__ == "__main__":
    zptap.main()
