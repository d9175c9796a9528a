# SPDX-License-Identifier: BSD-2-Clause
"""The judge catches deliberate errors, each under its own clause, and finds nothing where there is none.

Here a few of each protocol under QEMU; test_spoiled_all.py has every error on both engines.
"""
import spoiled
import zptap

FEW = [
    ("linux32", "cs-selector"), ("linux32", "ds-limit"), ("linux32", "sentinel"), ("linux32", "map-overlap"),
    ("linux64", "cmdline-unmapped"), ("linux64", "initrd-flipped"), ("linux64", "setup-data-loop"),
    ("pvh", "paging-on"), ("pvh", "tr-limit"), ("pvh", "magic"),
    ("multiboot1", "eax"), ("multiboot1", "no-memory"), ("multiboot1", "module-unaligned"),
    ("multiboot2", "end-missing"), ("multiboot2", "tag-misaligned"), ("multiboot2", "bss-dirty"),
]
FEW_BIOS = ["CS", "NO_LOADER_TYPE", "CODE_SHORT"]


class Few(spoiled.Case):
    pass


for each in spoiled.IMAGES:
    Few.add_control("qemu", each)
for each, wrong in FEW:
    Few.add_error("qemu", each, wrong)
Few.add_bios_control("bzimage")
for wrong in FEW_BIOS:
    Few.add_bios_error(wrong)

if __name__ == "__main__":
    zptap.main()
