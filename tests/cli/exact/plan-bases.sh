# SPDX-License-Identifier: BSD-2-Clause
# A 32-bit Linux that is moved is relocated with it; a 64-bit one is not.
gen-image linux32 vmlinux32
gen-image linux64 vmlinux64
zeropage plan vmlinux32 -m 64M --no-acpi --seed none --pin kernel=32M
zeropage plan vmlinux64 -m 64M --no-acpi --seed none --pin kernel=32M | sed -n '/Bases/,/^$/p;/Decisions/,$p'
