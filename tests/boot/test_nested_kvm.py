# SPDX-License-Identifier: BSD-2-Clause
"""The KVM engine on real KVM: QEMU emulates a processor with SVM, Debian's kernel drives it, and our
`zeropage run --engine kvm` boots the same kernel inside, to its init and to power-off.

One machine runs all guests one after another; the tests read its console. Skipped only where the machine
comes up without a /dev/kvm, for then nesting cannot start.
"""

import guests
import nested
import zptap

MACHINE_SECONDS = 270
KERNELS = [(protocol, image, cpus) for cpus in (1, 2)
           for protocol, image in (("linux32", "bzImage"), ("linux64", "bzImage"), ("pvh", "vmlinux"))]


def runs():
    yield "auto /handoff.elf --protocol pvh -m 32M --cmdline smp=2 --smp 2 --timeout 20"
    for image, protocol in (("bzimage", "linux32"), ("bzimage", "linux64"), ("elf", "linux64"), ("elf", "pvh"),
                            ("elf", "multiboot1"), ("elf", "multiboot2")):
        yield (f"handoff-{protocol}-{image} /handoff.{image} --engine kvm --protocol {protocol} -m 16M"
               f" --cmdline word --timeout 20")
    for end in ("cf9", "kbd", "triple", "halt"):
        yield f"end-{end} /handoff.elf --engine kvm --protocol pvh -m 32M --cmdline off={end} --timeout 20"
    for protocol, image, cpus in KERNELS:
        yield (f"{protocol}-{cpus} /{image} --engine kvm --direct off --protocol {protocol} -m 256M --smp {cpus}"
               f" --initrd /initrd --cmdline 'console=ttyS0 quiet panic=-1' --timeout 60 --silence 0")


class NestedKvm(nested.Guests):
    @staticmethod
    def machine():
        kernel = guests.kernel("cloud")
        script = "\n".join(f"try {line}" for line in runs())
        files = [(kernel, "bzImage"), (guests.vmlinux(kernel), "vmlinux"), (guests.initramfs(), "initrd"),
                 (guests.HANDOFF / "handoff.elf", "handoff.elf"), (guests.HANDOFF / "handoff.bzimage", "handoff.bzimage")]
        return nested.console(script, files, MACHINE_SECONDS)

    def test_kvm_is_chosen_because_it_is_fast(self):
        text = self.of("auto")
        self.assertRegex(text, r"engine kvm: KVM, \d+ million instructions a second")
        self.assertIn("handoff: woken 1\n", text)

    def test_the_handoff_guest_by_all_protocols(self):
        for protocol, image in (("linux32", "bzimage"), ("linux64", "bzimage"), ("linux64", "elf"), ("pvh", "elf"),
                                ("multiboot1", "elf"), ("multiboot2", "elf")):
            text = self.of(f"handoff-{protocol}-{image}")
            self.assertIn(f"handoff: protocol {protocol}\n", text)
            self.assertIn("handoff: cmdline [word]\n", text)
            self.assertIn("handoff: done\n", text)

    def test_resets_end_the_run(self):
        for end in ("cf9", "kbd"):
            self.assertIn("handoff: done\n", self.of(f"end-{end}"))

    def test_deaths_are_explained(self):
        self.assertIn("triple fault", self.of("end-triple", 1))
        self.assertIn("halted for good", self.of("end-halt", 1))

    def test_debian_boots_to_its_init_and_powers_off(self):
        for protocol, _, cpus in KERNELS:
            with self.subTest(protocol=protocol, cpus=cpus):
                text = self.of(f"{protocol}-{cpus}")
                self.assertIn(guests.MARKER, text)
                self.assertIn(f"zeropage: cpus: {cpus}\n", text)
                self.assertRegex(text, r"zeropage: acpi: FACP\n")


if __name__ == "__main__":
    zptap.main()
