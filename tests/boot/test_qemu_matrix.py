# SPDX-License-Identifier: BSD-2-Clause
"""The QEMU engine over sizes, protocols, CPUs and ACPI; and what --disk and --net user are for."""
import itertools
import re
import struct
import subprocess
import unittest

import guests
import zptap

PROTOCOLS = {
    "linux32": "handoff.bzimage",
    "linux64": "handoff.bzimage",
    "pvh": "handoff.elf",
    "multiboot1": "handoff.elf",
    "multiboot2": "handoff.elf",
}
SIZES = {"16M": 16 << 20, "512M": 512 << 20, "3G": 3 << 30, "3073M": 3073 << 20, "5G": 5 << 30,
         "20G": 20 << 30, "40G": 40 << 30}


class Handoff(unittest.TestCase):
    def test_matrix(self):
        for protocol, size, cpus, acpi in itertools.product(PROTOCOLS, SIZES, (1, 2), (True, False)):
            with self.subTest(protocol=protocol, size=size, cpus=cpus, acpi=acpi):
                arguments = ["--protocol", protocol, "-m", size, "--smp", cpus, "--cmdline",
                             f"smp={cpus} off=pm"]
                ran = guests.run(guests.HANDOFF / PROTOCOLS[protocol], *arguments,
                                 *([] if acpi else ["--no-acpi"]))
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertIn(f"handoff: protocol {protocol}\n", ran.stdout)
                self.assertIn(f"handoff: woken {cpus - 1}\n", ran.stdout)
                self.assertRegex(ran.stdout, "handoff: rsdp .* sum ok" if acpi else "handoff: rsdp .* none")
                told = int(re.search(r"handoff: memory entries=\d+ ram=(\d+)", ran.stdout)[1])
                self.assertLessEqual(told, SIZES[size])
                self.assertLess(SIZES[size] - told, 1 << 20)


class Linux(unittest.TestCase):
    def boot(self, protocol, size, cpus, acpi):
        image = guests.kernel("cloud")
        if protocol == "pvh":
            image = guests.vmlinux(image)
        arguments = ["--direct", "off", "--protocol", protocol, "-m", size, "--smp", cpus, "--initrd", guests.initramfs(),
                     "--cmdline", "console=ttyS0 panic=-1 reboot=k quiet no_timer_check"]
        # Linux asks whether the timer ticks; on a busy host the emulated one is late, and that is a panic.
        ran = guests.run(image, *arguments, *([] if acpi else ["--no-acpi"]), timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
        self.assertIn(guests.MARKER, ran.stdout)
        self.assertIn(f"zeropage: cpus: {cpus if acpi else 1}", ran.stdout)

    def test_matrix(self):
        for protocol, size, cpus in itertools.product(("linux32", "linux64", "pvh"), ("512M", "20G"), (1, 2)):
            with self.subTest(protocol=protocol, size=size, cpus=cpus):
                self.boot(protocol, size, cpus, True)

    def test_without_acpi(self):
        for protocol in ("linux32", "linux64", "pvh"):
            with self.subTest(protocol=protocol):
                self.boot(protocol, "512M", 1, False)


def qcow2(content):
    """A qcow2 image, version 2, of one cluster: header, L1, L2, reference counts, data (QEMU docs/interop/qcow2)."""
    cluster = 65536
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, cluster, 0, 1, cluster, 3 * cluster, 1, 0, 0)
    clusters = [
        header,
        struct.pack(">Q", 2 * cluster | 1 << 63),
        struct.pack(">Q", 5 * cluster | 1 << 63),
        struct.pack(">Q", 4 * cluster),
        struct.pack(">6H", 1, 1, 1, 1, 1, 1),
        content,
    ]
    return b"".join(part.ljust(cluster, b"\0") for part in clusters)


class Devices(unittest.TestCase):
    HEAD = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
for m in $(cat /modules.order); do insmod /modules/$m || echo "insmod $m failed"; done
"""

    def boot(self, script, module_names, *arguments):
        paths = guests.modules(*module_names)
        order = guests.FOLDER / ("order-" + "-".join(module_names))
        order.write_text("".join(path.name + "\n" for path in paths))
        add = tuple((path, f"/modules/{path.name}") for path in paths) + ((order, "/modules.order"),)
        initrd = guests.initramfs(self.HEAD + script + "\npoweroff -f\n", add)
        ran = guests.run(guests.kernel("cloud"), "--initrd", initrd, "-m", "512M", "--cmdline",
                         "console=ttyS0 panic=-1 quiet", *arguments, timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
        return ran.stdout

    def test_disks(self):
        """A root file system that is read and written, and a qcow2 image told by its magic."""
        tree = guests.FOLDER / "root"
        tree.mkdir()
        (tree / "greeting").write_text("greeting from a root file system\n")
        root = guests.FOLDER / "root, with a comma"
        root.write_bytes(bytes(8 << 20))
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, root], check=True, timeout=60)
        other = guests.FOLDER / "other.qcow2"
        other.write_bytes(qcow2(b"inside the qcow2\n"))
        script = """
mount -t ext4 /dev/vda /mnt 2>/dev/null || { mkdir /mnt; mount -t ext4 /dev/vda /mnt; }
cat /mnt/greeting
echo 'written by the guest' >/mnt/answer
umount /mnt
head -n 1 /dev/vdb
blockdev --getsize64 /dev/vdb
"""
        out = self.boot(script, ("virtio_pci", "virtio_blk", "ext4"), "--disk", root, "--disk", other)
        self.assertIn("greeting from a root file system", out)
        self.assertIn("inside the qcow2", out)
        self.assertRegex(out, r"(?m)^65536\r?$")
        found = zptap.command("/sbin/debugfs", "-R", "cat /answer", root)
        self.assertEqual(found.stdout, "written by the guest\n")

    def test_net_user(self):
        """QEMU's user network gives a lease by DHCP, always the same."""
        script = """
ip link set lo up; ip link set eth0 up
printf '#!/bin/sh\\necho "lease: $1 $ip $router"\\n' >/lease; chmod +x /lease
udhcpc -i eth0 -s /lease -n -q -t 5 2>&1
"""
        out = self.boot(script, ("virtio_pci", "virtio_net", "af_packet"), "--net", "user")
        self.assertIn("lease: bound 10.0.2.15 10.0.2.2", out)

    def test_a_disk_that_is_not_there(self):
        ran = guests.run(guests.HANDOFF / "handoff.bzimage", "--disk", "/nonexistent/disk")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("--disk /nonexistent/disk: No such file or directory", ran.stderr)
        self.assertEqual(ran.stdout, "")


if __name__ == "__main__":
    zptap.main()
