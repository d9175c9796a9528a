# SPDX-License-Identifier: BSD-2-Clause
# What to change: a note that is missing, one that QEMU passes over, a kernel inside that init_size has no room for.
gen-image elf64 kernel --poke 0x18:8:0xffffffff81000010
zeropage inspect kernel | sed -n '/^Boots/,/^Entries/p'
gen-image elf64-merged merged
zeropage inspect merged | sed -n '/^Boots/,/^Entries/p'
gen-image bzimage late --poke 0x1f1:1:200
zeropage inspect late
echo "late: $?"
