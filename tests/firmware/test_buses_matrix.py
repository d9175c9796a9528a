# SPDX-License-Identifier: BSD-2-Clause
"""More of what test_buses.py has, and what Debian's kernel says of the addresses."""
import re

import console
import machines
import test_buses as buses
import test_disks as disks
import zptap
from test_buses import DISK, ELF, EXPANDERS, PORT, ROM


class Buses(buses.Machine):
    def test_configuration_space_in_memory(self):
        self.boots("00:01.0", "microvm,pcie=on", ELF, "-device", DISK)
        self.boots("01:00.0", "microvm,pcie=on", ROM, *PORT)

    def test_other_roots(self):
        self.boots("11:00.0", "q35", ROM, *EXPANDERS["q35"])
        self.boots("11:01.0", "pc", ELF, *EXPANDERS["pc"])

    def test_roots_that_nobody_has_set_up(self):
        """A machine without any firmware: `zeropage run` and an expander."""
        ran = zptap.command(zptap.BINARY, "run", console.ELF, "--engine", "qemu", "-m", "256M", "--timeout", 30, "--", "-drive",
                            f"if=none,id=d,format=raw,snapshot=on,file={disks.extlinux()}", *EXPANDERS["pc"], timeout=60)
        self.assertIn("The second from virtio-blk 11:01.0, partition 1: ", ran.stdout + ran.stderr)
        self.judge(ran.stdout)

    def test_other_root_beside_a_disk(self):
        """The disk on bus 0 has nothing to boot."""
        blank = disks.images.empty(disks.place("nothing-here"), disks.MIB)
        self.boots("11:01.0", "pc", ROM, "-drive", f"if=none,id=e,format=raw,file={blank}", "-device",
                   "virtio-blk-pci,drive=e", *EXPANDERS["pc"])

    def test_bridges_leave_other_roots_their_numbers(self):
        """Between bus 0 and root 2 there is one number."""
        self.boots("03:00.0", "q35", ROM, "-device", "pxb-pcie,id=root,bus_nr=2", "-device",
                   "pcie-root-port,id=far,bus=root,chassis=3", "-device", DISK + ",bus=far",
                   "-device", "pcie-root-port,id=one,bus=pcie.0,chassis=4",
                   "-device", "pcie-root-port,id=two,bus=pcie.0,chassis=5",
                   notes=(r"PCI: bridge [0-9a-f]+: too many, or too deep",))

    def test_large_bars(self):
        testdev = "pci-testdev,membar=32G"
        self.boots("00:02.0", "pc", ROM, "-device", DISK, "-device", testdev)
        self.boots("00:01.0", "q35", ROM, "-device", DISK, "-device", testdev)
        self.boots("00:01.0", "microvm,pcie=on", ELF, "-device", DISK, "-device", testdev)
        self.boots("01:00.0", "q35", ROM, *PORT, "-device", "pcie-root-port,id=other,chassis=2", "-device",
                   testdev + ",bus=other")


def bars(found, place):
    """[(first, last)] of the memory of a PCI function, as /sys has it."""
    line = next(line for line in found if line.startswith(f"pci 0000:{place} "))
    ranges = [[int(word, 16) for word in part.split()] for part in line.split(" ", 5)[5].split(",") if part.strip()]
    return [(first, last) for first, last, flags in ranges if flags & 0x200]


class Linux(disks.Machine):
    """What Debian's kernel finds where we assigned it."""

    def found(self, machine, *words):
        status, found, text = machines.linux(machines.rom(machine) + [
            "-drive", "if=none,id=d,driver=null-co,size=1048576", *words], "virtio_pci", "virtio_blk")
        self.assertEqual(status, 0, text[-2000:])
        self.assertEqual([line for line in found if line.startswith("complaint ")], [])
        self.assertIn("disk vda 2048 read 65536", found, text[-2000:])
        moved = [line for line in text.splitlines() if re.search(r"pci 0000:\S+ BAR [0-5]\b.*: assigned", line)]
        self.assertEqual(moved, [], "every BAR stays where it was")
        return found

    def test_other_root_with_an_interrupt_line(self):
        found = self.found("pc", "-device", "pxb,id=far,bus_nr=16", "-device", DISK + ",bus=far,addr=1,vectors=0")
        self.assertTrue(bars(found, "11:01.0"))

    def test_large_bar(self):
        found = self.found("q35", "-device", DISK, "-device", "pci-testdev,membar=32G,addr=5")
        self.assertIn(32 << 30, [last - first + 1 for first, last in bars(found, "00:05.0")])


if __name__ == "__main__":
    zptap.main()
