# SPDX-License-Identifier: BSD-2-Clause
# The whole object.
gen-image bzimage vmlinuz
printf abc > initrd
zeropage plan vmlinuz --initrd initrd --cmdline 'console=ttyS0' --no-acpi -m 64M --json
