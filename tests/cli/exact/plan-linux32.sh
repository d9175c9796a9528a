# SPDX-License-Identifier: BSD-2-Clause
# RAM on both sides of the hole.
gen-image bzimage-i386 vmlinuz
zeropage plan vmlinuz --no-acpi -m 6G --seed 000102030405060708090a0b0c0d0e0f
