# SPDX-License-Identifier: BSD-2-Clause
# A UKI is its kernel; its texts are escaped, line by line.
gen-image uki --poke 0x320:8:0x6f72207465697571 --poke 0x300:8:0x590a783d454d414e --poke 0x308:4:0x5b1b3d uki
zeropage inspect uki
zeropage plan uki --no-acpi -m 64M | sed 5q
zeropage plan uki --cmdline other --no-acpi -m 64M | sed 5q
