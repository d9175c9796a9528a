# SPDX-License-Identifier: BSD-2-Clause
"""Every machine, few and many CPUs, little and much memory, both shapes: the probe judged; Debian's kernel on each."""
import itertools
import unittest

import console
import machines
import zptap


class Matrix(unittest.TestCase):
    def each(self, shape):
        for machine, cpus, memory in itertools.product(machines.MACHINES, (1, 4), ("256M", "8G")):
            with self.subTest(machine=machine, cpus=cpus, memory=memory):
                self.assertEqual(machines.probe(shape(machine, cpus=cpus, memory=memory)), ("linux32", []))

    def test_rom(self):
        self.each(machines.rom)

    def test_elf(self):
        self.each(machines.elf)

    def test_multiboot(self):
        for machine in machines.MACHINES:
            with self.subTest(machine=machine):
                self.assertEqual(machines.probe(machines.rom(machine, cpus=4, memory="8G"), image="multiboot1"),
                                 ("multiboot1", []))

    def test_xen(self):
        """Xen by multiboot, with a Linux dom0 as its module."""
        argv = machines.qemu("pc", "-bios", machines.ROM, "-kernel", machines.guests.kernel("xen"), "-append",
                             "no-real-mode console=com1 com1=115200,8n1", "-initrd",
                             f"{machines.guests.kernel('cloud')} console=hvc0", memory="1G")
        with console.Console(argv, 60) as guest:
            guest.expect(r"\(XEN\) Bootloader: zeropage")
            guest.expect(r"\(XEN\) Command line: no-real-mode console=com1 com1=115200,8n1\r?\n")
            guest.expect(r"Dom0 kernel: 64-bit")

    def test_linux_on_each_machine(self):
        for machine in machines.MACHINES:
            with self.subTest(machine=machine):
                status, found, text = machines.linux(machines.rom(machine, cpus=2, memory="512M"))
                self.assertEqual(status, 0, text[-2000:])
                self.assertIn("end", found, text[-2000:])
                self.assertIn("cpus 2", found)
                self.assertEqual([line for line in found if line.startswith("complaint ")], [])


if __name__ == "__main__":
    zptap.main()
