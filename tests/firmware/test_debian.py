# SPDX-License-Identifier: BSD-2-Clause
"""Debian from a disk under our firmware: images of debian_disks.py, up to a login, a look around and off again."""
import pathlib
import re
import tempfile
import unittest

import console
import debian_disks
import disk_images
import zptap

# A whole boot of systemd where every instruction is translated, beside others who do the same.
LOGIN_SECONDS = 1500
FIRST_LINES_SECONDS = 240

# microvm shows the first lines alone: its ACPI is hardware-reduced, and under TCG Linux then waits for a timer in vain,
# whatever the firmware.


def drive(disk, device, snapshot="on"):
    return ["-drive", f"file={disk},format=raw,if=none,id=disk,snapshot={snapshot}", "-device", f"{device},drive=disk"]


def machine(name, kind):
    disk = debian_disks.disk(name)
    if kind == "microvm":
        return console.qemu("microvm", "-bios", console.ROM, *drive(disk, "virtio-blk-device"), memory="1G")
    if kind == "q35 scsi":
        return console.qemu("q35", "-bios", console.ROM, "-device", "virtio-scsi-pci", *drive(disk, "scsi-hd"), memory="1G",
                            cpus=2)
    if kind == "q35 elf":
        return console.qemu("q35", "-kernel", console.ELF, "-append", "handed=1", *drive(disk, "virtio-blk-pci"), memory="1G")
    return console.qemu(kind, "-bios", console.ROM, *drive(disk, "virtio-blk-pci"), memory="1G")


class Debian(unittest.TestCase):
    def decided(self, guest, name):
        """The firmware's lines: one, and it says what is booted, from where, and why."""
        guest.expect(r"Linux version ")
        said = re.findall(r"(?m)^zeropage: (.*?)\r?$", guest.text)
        titles = {"bls": r"Debian GNU/Linux 12 \(bookworm\)", "grub": "Debian GNU/Linux",
                  "uki": r"Debian GNU/Linux 12 \(bookworm\)"}
        # What a menu with a timeout shows, comes before.
        self.assertTrue(said, guest.tail())
        self.assertRegex(said[-1], rf"^{titles[name]} from virtio-(blk|scsi) .*, partition 1: \S")
        return said

    def log_in(self, guest):
        guest.expect(r"debian login: ")
        guest.type("root")
        guest.expect(r"Password: ")
        guest.type(debian_disks.PASSWORD)
        guest.expect(r"root@debian:~# ")

    def boots(self, name, kind):
        with console.Console(machine(name, kind), LOGIN_SECONDS) as guest:
            self.decided(guest, name)
            self.log_in(guest)
            guest.type("uname -r; cat /proc/cmdline; findmnt -no UUID /; echo 'looked': $?")
            seen = guest.expect(r"(?s)\n(.*?)looked: 0").group(1)
            guest.type("systemctl poweroff")
            self.assertEqual(guest.finish(), 0, guest.tail())
        self.assertIn(debian_disks.version(), seen)
        self.assertIn(f"root=UUID={debian_disks.ROOT_UUID} ro", seen)
        self.assertIn("console=ttyS0", seen)

    def starts(self, name, kind):
        with console.Console(machine(name, kind), FIRST_LINES_SECONDS) as guest:
            self.decided(guest, name)
            line = guest.expect(r"Command line: (.*)\r?\n").group(1)
            self.assertIn(f"root=UUID={debian_disks.ROOT_UUID} ro", line)
            if kind == "q35 elf":
                self.assertRegex(line, r" handed=1\s*$")
            guest.expect(r"RAMDISK: \[mem ")

    def test_power_cut(self):
        """what Debian had written when its power was cut lies in the journal alone, and is what is booted"""
        with tempfile.TemporaryDirectory(prefix="zp-debian-") as folder:
            disk = pathlib.Path(folder, "disk")
            disk_images.tool("cp", "--sparse=always", debian_disks.disk("grub"), disk)
            argv = console.qemu("q35", "-bios", console.ROM, *drive(disk, "virtio-blk-pci", "off"), memory="1G")
            with console.Console(argv, LOGIN_SECONDS) as guest:
                self.log_in(guest)
                guest.type("cd /boot/grub; sed \"s/^menuentry 'Debian GNU.Linux'/menuentry 'After the cut'/\" grub.cfg > new; "
                           "mv new grub.cfg; sync grub.cfg .; echo b > /proc/sysrq-trigger")
                guest.finish()
            with console.Console(argv, LOGIN_SECONDS) as guest:
                guest.expect(r"zeropage: After the cut from virtio-blk [^\n]*, partition 1: the default of its configuration")
                guest.expect(r"EXT4-fs \(vda1\): recovery complete")


def add(name, kind, how):
    def test(self):
        how(self, name, kind)

    what = "to a login and off" if how is Debian.boots else "to the kernel's first lines"
    test.__doc__ = f"{name} on {kind}, {what}"
    setattr(Debian, f"test_{name}_{kind.replace(' ', '_')}", test)


for _name, _kind in (("bls", "q35"), ("grub", "pc"), ("uki", "q35 scsi")):
    add(_name, _kind, Debian.boots)
for _name, _kind in (("bls", "pc"), ("bls", "q35 scsi"), ("bls", "microvm"), ("grub", "q35"), ("grub", "q35 scsi"),
                     ("grub", "microvm"), ("uki", "pc"), ("uki", "microvm"), ("bls", "q35 elf"), ("grub", "q35 elf"),
                     ("uki", "q35 elf")):
    add(_name, _kind, Debian.starts)


if __name__ == "__main__":
    zptap.main()
