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
                   notes=(r"PCI [0-9a-f]+:[0-9a-f]+\.[0-7]: a bridge too many, or too deep",))

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

    def handed(self, machine, *words):
        return self.found(*machines.linux(machines.rom(machine) + [
            "-drive", "if=none,id=d,driver=null-co,size=1048576", *words], "virtio_pci", "virtio_blk"))

    def disk(self):
        """A file system with Debian's kernel and a system of a few lines."""
        modules = machines.guests.modules("virtio_pci", "virtio_blk")
        initrd = machines.guests.initramfs(machines.INIT, tuple((path, f"/modules/{index:02}-{path.name}")
                                                                for index, path in enumerate(modules)))
        tree = disks.images.tree(disks.place("debian.tree"), {
            "vmlinuz": machines.guests.kernel("cloud"), "initrd": initrd, "extlinux/extlinux.conf":
            "LABEL one\nLINUX /vmlinuz\nINITRD /initrd\nAPPEND console=ttyS0 panic=-1 tsc_early_khz=1000000\n"})
        return disks.images.ext4(disks.place("debian.ext4"), tree, 64 * disks.MIB)

    def found(self, status, found, text):
        self.assertEqual(status, 0, text[-2000:])
        self.assertEqual([line for line in found if line.startswith("complaint ")], [])
        self.assertIn("end", found, text[-2000:])
        self.assertTrue([line for line in found if re.match(r"disk vda \d+ read 65536", line)], text[-2000:])
        moved = [line for line in text.splitlines() if re.search(r"pci 0000:\S+ BAR [0-5]\b.*: assigned", line)]
        self.assertEqual(moved, [], "every BAR stays where it was")
        return found

    def test_other_root_with_an_interrupt_line(self):
        found = self.handed("pc", "-device", "pxb,id=far,bus_nr=16", "-device", DISK + ",bus=far,addr=1,vectors=0")
        self.assertTrue(bars(found, "11:01.0"))

    def test_large_bar(self):
        found = self.handed("q35", "-device", DISK, "-device", "pci-testdev,membar=32G,addr=5")
        self.assertIn(32 << 30, [last - first + 1 for first, last in bars(found, "00:05.0")])


    def test_machine_of_zeropage_run(self):
        """Our own tables say what is free, and what was taken is in it."""
        ran = zptap.command(zptap.BINARY, "run", console.ELF, "--engine", "qemu", "--disk", self.disk(), "-m", "512M", "--timeout",
                            90, timeout=120)
        found = self.found(ran.returncode, machines.found(ran.stdout), ran.stdout)
        self.assertTrue(all(0xc0000000 <= first < 0xfec00000 for first, _ in bars(found, "00:02.0")), found)

    def test_microvm(self):
        """And QEMU's, with a BAR that only the upper window takes."""
        ran = zptap.command(*console.qemu("microvm,pcie=on", *ROM, "-drive", f"if=none,id=d,format=raw,snapshot=on,file={self.disk()}",
                                          *PORT, "-device", "ivshmem-plain,memdev=m,addr=5", "-object",
                                          "memory-backend-ram,id=m,size=1G,share=on", memory="512M"), timeout=120)
        found = self.found(ran.returncode, machines.found(ran.stdout), ran.stdout)
        self.assertIn((0xc000000000, 0xc03fffffff), bars(found, "00:05.0"))


if __name__ == "__main__":
    zptap.main()
