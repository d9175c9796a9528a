# SPDX-License-Identifier: BSD-2-Clause
# Pins are obeyed and shown; those that cannot be are one line.
gen-image bzimage vmlinuz
zeropage plan vmlinuz --no-acpi -m 64M --pin kernel=32M --pin boot_params=0x80000
for pin in initrd=1M kernel=1 kernel=63M boot_params=0xa0000 'gdt[3]=0x5000'; do
    zeropage plan vmlinuz --no-acpi -m 64M --pin "$pin"
    echo "$pin: $?"
done
