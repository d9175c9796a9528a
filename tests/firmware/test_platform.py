# SPDX-License-Identifier: BSD-2-Clause
"""The firmware boots what QEMU hands it: real boots, in a few of the ways that test_platform_matrix.py has all of."""
import tempfile
import unittest

import console
import machines
import zptap


class Probe(unittest.TestCase):
    def judged(self, argv, protocol, **how):
        self.assertEqual(machines.probe(argv, **how), (protocol, []))

    def test_rom(self):
        for machine in machines.MACHINES:
            with self.subTest(machine=machine):
                self.judged(machines.rom(machine), "linux32")

    def test_elf_by_pvh(self):
        self.judged(machines.elf("q35", cpus=2), "linux32")

    def test_other_entries_of_the_elf(self):
        for protocol in ("linux64", "multiboot2"):
            with self.subTest(protocol=protocol):
                ran = zptap.command(zptap.BINARY, "run", machines.ELF, "--engine", "qemu", "--protocol", protocol,
                                    "--initrd", zptap.BUILD / "src/probe/guest/probe.bzimage", "--cmdline", "hello",
                                    "-m", "256M", "--timeout", 30)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertIn('"image":"bzimage","protocol":"linux32"', ran.stdout)
                self.assertIn('"text":"hello"', ran.stdout)

    def test_kernel_that_qemu_loads_itself(self):
        self.judged(machines.rom("microvm"), "pvh", image="pvh")

    def test_kernel_that_qemu_loads_itself_beside_a_network_card(self):
        """up to QEMU 9.1, the ELF's headers that fw_cfg has are overwritten then"""
        self.judged([*machines.rom("pc"), "-device", "e1000"], "pvh", image="pvh")

    def test_kernel_that_qemu_lays_out(self):
        """Multiboot: QEMU tells of memory, not of a file."""
        self.judged(machines.rom("pc"), "multiboot1", image="multiboot1")

    def test_more_modules_than_are_counted(self):
        with console.Console(machines.qemu("pc", "-bios", machines.ROM, "-kernel", zptap.BUILD / "src/probe/guest/probe.multiboot1",
                                           "-initrd", ",".join([str(zptap.SOURCE / "LICENSE")] * 33)), 20) as guest:
            guest.expect(r"\Azeropage: -kernel: neither bzImage, ELF nor multiboot; or more than 32 modules\r\n")

    def test_setup_data(self):
        """what a loader of Linux told besides does not stop a kernel of another protocol"""
        with tempfile.NamedTemporaryFile() as tree:
            tree.write(bytes(500))
            tree.flush()
            ran = zptap.command(zptap.BINARY, "run", machines.ELF, "--engine", "qemu", "--protocol", "linux64", "--initrd",
                                zptap.BUILD / "src/probe/guest/probe.pvh", "--setup-data", f"dtb:{tree.name}", "--timeout", 30)
        self.assertIn('"image":"pvh","protocol":"pvh"', ran.stdout)
        self.assertIn("zeropage: setup_data: this kernel takes none: left out", ran.stdout)

    def test_cpu_of_32_bits(self):
        """it would start all over, with no word"""
        for shape in (("-bios", machines.ROM), ("-kernel", machines.ELF)):
            with self.subTest(shape=shape[0]):
                with console.Console(machines.qemu("pc", *shape, "-cpu", "qemu32"), 20) as guest:
                    guest.expect(r"\Azeropage: this CPU has no 64-bit mode\r\n")

    def test_nothing_to_boot_is_said(self):
        with console.Console(machines.qemu("pc", "-bios", machines.ROM), 20) as guest:
            guest.expect(r"zeropage: nothing to boot\r\n")


class Linux(unittest.TestCase):
    """Without SeaBIOS: ACPI, several CPUs, devices on the root bus and behind a port, and off."""

    def test_q35(self):
        status, found, text = machines.linux(machines.rom("q35", cpus=4, memory="512M") + [
            "-device", "pcie-root-port,id=port1,chassis=1,slot=1", "-device", "virtio-net-pci,bus=port1",
            "-device", "e1000e", "-drive", "if=none,id=disk,driver=null-co,size=1048576", "-device",
            "virtio-blk-pci,vectors=0,drive=disk"], "virtio_pci", "virtio_blk", "virtio_net")
        self.assertEqual(status, 0, text[-2000:])
        self.assertIn("end", found, text[-2000:])
        self.assertIn("cpus 4", found)
        self.assertIn("pat 1", found)
        self.assertIn("smbios 1", found)
        self.assertEqual([line for line in found if line.startswith("complaint ")], [])
        self.assertIn("disk vda 2048 read 65536", found, "by an INTx interrupt")
        self.assertTrue([line for line in found if line.startswith("net virtio")], found)
        behind = [line for line in found if line.startswith("pci 0000:01:00.0 0x1af4 ")]
        self.assertEqual(len(behind), 1, found)
        self.assertRegex(behind[0], r"0x[0-9a-f]*[1-9a-f][0-9a-f]* ", "it has an address")


if __name__ == "__main__":
    zptap.main()
