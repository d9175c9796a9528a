# SPDX-License-Identifier: BSD-2-Clause
"""PCI that nobody has set up, roots beside bus 0, configuration space in memory, BARs of GiBs: real boots from disks that
are behind them, of which test_buses_matrix.py has more."""
import console
import test_disks as disks
import zptap

ROM, ELF = ("-bios", console.ROM), ("-kernel", console.ELF)
DISK = "virtio-blk-pci,drive=d"
EXPANDERS = {"pc": ["-device", "pxb,id=far,bus_nr=16", "-device", DISK + ",bus=far,addr=1"],
             "q35": ["-device", "pxb-pcie,id=root,bus_nr=16", "-device", "pcie-root-port,id=far,bus=root,chassis=3",
                     "-device", DISK + ",bus=far"]}
PORT = ["-device", "pcie-root-port,id=near,chassis=1", "-device", DISK + ",bus=near"]


class Machine(disks.Machine):
    def boots(self, name, machine, shape, *words, notes=()):
        """From the disk of this name, by the judgement of the probe; before the decision, notes that match these."""
        text = self.run_machine(console.qemu(machine, *shape, "-drive", f"if=none,id=d,format=raw,snapshot=on,"
                                             f"file={disks.extlinux()}", *words))
        lines = self.said(text)
        self.assertRegex(lines[-1], rf"\AThe second from virtio-blk {name}, partition 1: ", text[:2000])
        self.assertEqual(len(lines) - 1, len(notes), lines)
        for line, note in zip(lines, notes):
            self.assertRegex(line, rf"\A{note}\Z")
        self.judge(text)


class Buses(Machine):
    def test_machine_of_zeropage_run(self):
        ran = zptap.command(zptap.BINARY, "run", console.ELF, "--engine", "qemu", "--disk", disks.extlinux(), "-m", "256M",
                            "--timeout", 30, timeout=60)
        self.assertIn("The second from virtio-blk 00:02.0, partition 1: ", ran.stdout + ran.stderr)
        self.judge(ran.stdout)

    def test_configuration_space_in_memory(self):
        """On a microvm QEMU's own firmware leaves PCI alone."""
        self.boots("01:00.0", "microvm,pcie=on", ELF, *PORT)
        self.boots("00:01.0", "microvm,pcie=on", ROM, "-device", DISK)

    def test_other_roots(self):
        self.boots("11:01.0", "pc", ROM, *EXPANDERS["pc"])
        self.boots("11:00.0", "q35", ELF, *EXPANDERS["q35"])

    def test_bar_that_finds_no_room(self):
        self.boots("00:02.0", "pc", ROM, "-cpu", "qemu64,phys-bits=36", "-device", DISK, "-device", "pci-testdev,membar=64G",
                   notes=(r"PCI 0:3\.0: no room for 0x1000000000 bytes: left to the kernel",))

    def test_devices_farther_than_pages_of_1_gib_reach(self):
        """Where the disk's registers are, behind memory to be plugged in, the ROM's own page tables have nothing: they are
        left, and our code above 1 GiB, which they mapped, stays in sight. BARs of 32 bits push the disk's up there."""
        large = ["-device", "secondary-vga,vgamem_mb=256"] * 5
        self.boots("00:06.0", "q35", ROM, "-cpu", "max,phys-bits=46", "-m", "2G,slots=1,maxmem=600G", *large, "-device", DISK,
                   notes=[rf"PCI 0:{slot}\.0: no room for 0x10000000 bytes: left to the kernel" for slot in (4, 5)])


if __name__ == "__main__":
    zptap.main()
