# SPDX-License-Identifier: BSD-2-Clause
# What to change: a virtual e_entry and no PVH note, a note that QEMU passes over, a wrong setup_sects.
gen-image elf64 --poke 0x18:8:0xffffffff81000010 kernel
zeropage inspect kernel | sed -n '/^Boots/,/^Entries/p'
gen-image elf64-merged merged
zeropage inspect merged | sed -n '/^Boots/,/^Entries/p'
gen-image bzimage --poke 0x1f1:1:200 late
zeropage inspect late
echo "late: $?"
