# SPDX-License-Identifier: BSD-2-Clause
# The tables of a plan, without the ACPI tables, whose size is another test's matter.
gen-image bzimage vmlinuz
head -c 3000000 /dev/zero > initrd
zeropage plan vmlinuz --initrd initrd --cmdline 'console=ttyS0 quiet' --no-acpi -m 64M
