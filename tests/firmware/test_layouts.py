# SPDX-License-Identifier: BSD-2-Clause
"""Disks as installers of Debian, Fedora and Alpine lay them out (debian_layouts.py), booted to a login."""
import re
import unittest

import console
import debian_layouts
import test_debian
import zptap
from debian_disks import ROOT_UUID


class Layouts(unittest.TestCase):
    def boots(self, name, machine, decision, options):
        """The firmware says but one line, and the system has the command line of that entry."""
        drive = test_debian.drive(debian_layouts.disk(name), *machine[1:])
        with console.Console(console.qemu(*machine[0], *drive, memory="1G"), test_debian.LOGIN_SECONDS) as guest:
            guest.expect(rf"^zeropage: {decision}\r\n")
            test_debian.Debian.log_in(self, guest)
            guest.type("cat /proc/cmdline; findmnt -no UUID /; findmnt -no UUID /boot; findmnt -no UUID /boot/efi; "
                       "echo 'looked': $?")
            seen = guest.expect(r"(?s)looked'[^\n]*\n(.*?)looked: \d").group(1)
            guest.type("systemctl poweroff")
            self.assertEqual(guest.finish(), 0, guest.tail())
        self.assertEqual(guest.text.count("zeropage: "), 1, guest.text[:2000])
        # What the shell tells the terminal is no word of it.
        seen = re.sub(r"\x1b\[\?2004.", "", seen).split()
        words = options.split()
        self.assertEqual(seen[:len(words)], words)
        self.assertEqual(seen[len(words)], ROOT_UUID)
        return seen[len(words) + 1:]

    def test_separate(self):
        """Debian with a /boot of its own, on virtio-blk"""
        mounts = self.boots("separate", (("q35", "-bios", console.ROM), "virtio-blk-pci"),
                            r"Debian GNU/Linux from virtio-blk \S+, partition 2: the default of its configuration",
                            f"root=UUID={ROOT_UUID} ro console=ttyS0")
        self.assertEqual(mounts, [debian_layouts.BOOT_UUID, debian_layouts.ESP_UUID])

    def test_fedora(self):
        """Fedora's: blscfg and the entry that grubenv has saved, on virtio-scsi"""
        old = debian_layouts.FEDORA[1].replace(".", r"\.")
        mounts = self.boots("fedora", (("q35", "-bios", console.ROM, "-device", "virtio-scsi-pci"), "scsi-hd"),
                            rf"Fedora Linux \({old}\) 41 \(Server Edition\) from virtio-scsi [^\n]+, partition 2: "
                            "the default of its configuration",
                            f"root=UUID={ROOT_UUID} ro rhgb quiet {debian_layouts.SERIAL}")
        self.assertEqual(mounts, [debian_layouts.BOOT_UUID, debian_layouts.ESP_UUID])

    def test_alpine(self):
        """Alpine's with extlinux and an MBR, on pc"""
        mounts = self.boots("alpine", (("pc", "-bios", console.ROM), "virtio-blk-pci"),
                            r"Linux virt from virtio-blk \S+, partition 1: the default of its configuration",
                            f"root=UUID={ROOT_UUID} modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4 "
                            + debian_layouts.SERIAL)
        self.assertEqual(mounts, [debian_layouts.BOOT_UUID])

    def test_alpine_grub(self):
        """Alpine's with GRUB, by the ELF"""
        self.boots("alpine_grub", (("q35", "-kernel", console.ELF), "virtio-blk-pci"),
                   r"Alpine Linux v3\.19, with Linux virt from virtio-blk \S+, partition 2: "
                   "the default of its configuration",
                   f"root=UUID={ROOT_UUID} ro modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4 "
                   + debian_layouts.SERIAL)


if __name__ == "__main__":
    zptap.main()
