# SPDX-License-Identifier: BSD-2-Clause
"""From a disk on every machine, few and many CPUs, little and much memory, as ROM and as ELF: the probe judged."""
import itertools
import time

import console
import test_disks as disks
import zptap

MENU_SECONDS = 3
SHAPES = {"rom": ("-bios", console.ROM), "elf": ("-kernel", console.ELF)}


class Matrix(disks.Machine):
    """Filled below: a test for each."""


class Time(disks.Machine):
    def test_menu(self):
        """what timeout says is waited, with and without a timer, and not for ever"""
        disk = disks.esp("waits", {"loader/loader.conf": f"timeout {MENU_SECONDS}\n", "loader/entries/a.conf": disks.entry("A")})
        for machine in ("pc", "q35", "microvm", "microvm,pit=off"):
            with self.subTest(machine=machine), console.Console(
                    console.qemu(machine, "-bios", console.ROM, *disks.drives(machine, "blk", disk)), disks.SECONDS) as guest:
                guest.expect(f"boots in {MENU_SECONDS} s")
                began = time.monotonic()
                guest.expect("A from virtio-blk")
                self.assertGreater(time.monotonic() - began, MENU_SECONDS - 0.5)


def add(shape, machine, kind, cpus, memory):
    def test(self):
        # FAT on sectors of 512 bytes, ext4 on large ones.
        make, sector = (disks.uki, 512) if cpus == 1 else (disks.extlinux, 4096)
        path = make(sector) if make is disks.extlinux else make()
        argv = console.qemu(machine, *SHAPES[shape], *disks.drives(machine, kind, path, sector=sector), cpus=cpus,
                            memory=memory)
        text = self.run_machine(argv)
        self.assertRegex("\n".join(self.said(text)), rf"\A[^\n]* from virtio-{kind} [^\n]*, partition 1: [^\n]+\Z")
        self.judge(text)

    test.__doc__ = f"{shape} on {machine}, virtio-{kind}, {cpus} CPUs, {memory}"
    setattr(Matrix, f"test_{shape}_{machine}_{kind}_{cpus}_{memory}", test)


for _each in itertools.product(SHAPES, ("pc", "q35", "microvm"), ("blk", "scsi"), (1, 4), ("256M", "8G")):
    add(*_each)


if __name__ == "__main__":
    zptap.main()
