# SPDX-License-Identifier: BSD-2-Clause
"""Direct boot every day: Debian's cloud kernel as the ELF inside, where the plan has it; and what is said
when that cannot be."""
import re
import struct
import unittest

import direct
import guests
import zptap

# Tells where it lies, then dies of sysrq's c: only a panic prints the offset.
PANICS = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
exec >/dev/console 2>&1
/bin/busybox awk '$3 == "_text" { print "zeropage: text: " $1 }' /proc/kallsyms
/bin/busybox awk -F' : ' '/Kernel code/ { sub(/^ */, ""); print "zeropage: iomem: " $0 }' /proc/iomem
for node in /sys/kernel/boot_params/setup_data/*/type; do
    echo "zeropage: setup_data: $(/bin/busybox cat $node)"
done
/bin/busybox sleep 1 # a panic does not wait for what the console still holds
echo c >/proc/sysrq-trigger
"""


class Direct(unittest.TestCase):
    def test_randomised_to_userspace_and_a_panic(self):
        """_text, "Kernel code" and the offset that a panic prints, as the plan of the same seed says."""
        arguments = direct.options("--kaslr", "7", "--smp", 2, initrd=guests.initramfs(PANICS))
        image = guests.kernel("cloud")
        plan = direct.planned(image, *arguments)
        self.assertTrue(plan["direct"])
        self.assertEqual(plan["protocol"], "linux64")
        self.assertNotIn(plan["kernel"]["virtual_delta"], (0, plan["kernel"]["delta"]))
        self.assertNotEqual(plan["kernel"]["delta"], 0)
        self.assertEqual(plan["kernel"]["virtual_base"], direct.LINKED + plan["kernel"]["virtual_delta"])
        ran = guests.run(image, *arguments)
        direct.assert_place(self, plan, ran.stdout)
        self.assertEqual(int(re.search(r"Kernel Offset: (0x[0-9a-f]+) from 0xffffffff81000000", ran.stdout)[1], 0),
                         plan["kernel"]["virtual_delta"])
        self.assertIn("zeropage: setup_data: 0x9", ran.stdout)  # the seed of random numbers
        self.assertRegex(ran.stderr, f"the ELF inside, kernel at {plan['kernel']['load']:#x}, "
                                     f"_text at {plan['kernel']['virtual_base']:#x}\n")

    def spoiled(self):
        """The cloud kernel with one byte of its payload changed."""
        data = bytearray(guests.kernel("cloud").read_bytes())
        start = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x248)[0]
        data[start] ^= 0xFF
        path = guests.FOLDER / "spoiled"
        path.write_bytes(data)
        return path

    def test_a_spoiled_payload_is_told(self):
        """Its own code gets the last word, and finds the same."""
        image = self.spoiled()
        ran = guests.run(image, "--direct", "on")
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stdout, "")
        self.assertRegex(ran.stderr, r"(?m)^zeropage: \S+spoiled: payload at 0x[0-9a-f]+: .* no known packer")
        ran = guests.run(image, "--cmdline", "console=ttyS0 earlyprintk=ttyS0", timeout=30)
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, r"(?m)^zeropage: \S+spoiled: payload at 0x[0-9a-f]+: .*; it is entered by its own code$")
        self.assertIn("System halted", ran.stdout)
        self.assertNotIn("Linux version", ran.stdout)

    def test_no_payload_is_told(self):
        """memtest86+ is a bzImage, but no Linux."""
        ran = guests.run(guests.kernel("memtest"), "--cmdline", "console=ttyS0,115200", timeout=2)
        self.assertRegex(ran.stderr, r"(?m)^zeropage: .*; it is entered by its own code$")
        self.assertIn("enters by linux64", ran.stderr)
        ran = guests.run(guests.kernel("memtest"), "--direct", "on")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertEqual(ran.stderr.count("\n"), 2, ran.stderr)  # the engine, and the reason

    def test_a_protocol_of_the_outside_only(self):
        ran = guests.run(guests.kernel("cloud"), "--protocol", "linux32", "--direct", "on")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn("linux32 is not offered", ran.stderr)


if __name__ == "__main__":
    zptap.main()
