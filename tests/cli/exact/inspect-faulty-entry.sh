# SPDX-License-Identifier: BSD-2-Clause
# One entry is spoiled, the others are sound: the fault stays with its entry. e_entry 0 is none.
gen-image elf64-pvh --poke 0x18:8:0x7 vmlinux
zeropage inspect vmlinux
