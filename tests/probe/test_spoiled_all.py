# SPDX-License-Identifier: BSD-2-Clause
"""Every deliberate error, on both engines and by the BIOS disk, is caught under its own clause, and only there.

What is wrong in memory is the same memory on both engines; KVM, which may interpret its guests, gets the errors in the
CPU's state and a few of the others. A machine without /dev/kvm has QEMU alone.
"""
import spoiled
import zptap

ENGINES = ["qemu"] + ([] if zptap.why_no_kvm() else ["kvm"])
ON_KVM = {"cs-selector", "ds-selector", "es-null", "gdt-absent", "if-set", "ebp", "edi", "ebx", "eax", "cs-limit", "ds-limit",
          "cr0-wp", "cr4-pae", "tr-limit", "tr-null", "tr-available", "cmdline-unterminated", "initrd-flipped",
          "map-overlap", "bss-dirty"}
# A bench of errors is worth what it holds; the least that each protocol must have.
LEAST = 5


class All(spoiled.Case):
    def test_each_protocol_has_errors(self):
        """each protocol has five errors and more, and each error its clause"""
        found = {}
        for protocol, error, _ in spoiled.errors():
            found.setdefault(protocol, []).append(spoiled.clause_of(protocol, error))
        self.assertEqual(set(found), set(spoiled.IMAGES))
        for protocol, clauses in found.items():
            self.assertGreaterEqual(len(set(clauses)), LEAST, protocol)
        self.assertGreaterEqual(len(set(spoiled.BIOS_CLAUSES.values())), LEAST)


for engine in ENGINES:
    for each in spoiled.IMAGES:
        All.add_control(engine, each)
    All.add_control(engine, "linux64", "elf64")
    All.add_control(engine, "linux32", "bzimage32")
for each, wrong, engines in spoiled.errors():
    for engine in engines:
        if engine in ENGINES and (engine != "kvm" or wrong in ON_KVM or engines == ["kvm"]):
            All.add_error(engine, each, wrong)
for image in ("bzimage", "bzimage32", "bzimage16"):
    All.add_bios_control(image)
for wrong in spoiled.BIOS_CLAUSES:
    All.add_bios_error(wrong)

if __name__ == "__main__":
    zptap.main()
