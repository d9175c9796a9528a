# SPDX-License-Identifier: BSD-2-Clause
# A disk is no kernel, and boots all the same: on a BIOS, and on UEFI where it has an EFI system partition.
truncate -s 1M disk
printf '\372\353\376\220' | dd of=disk conv=notrunc status=none
printf '\200\000\000\000\357\000\000\000\100\000\000\000\000\004\000\000' |
    dd of=disk bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=disk bs=1 seek=510 conv=notrunc status=none
zeropage inspect disk
echo "disk: $?"
