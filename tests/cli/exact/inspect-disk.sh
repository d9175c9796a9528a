# SPDX-License-Identifier: BSD-2-Clause
# A disk is no kernel, and boots all the same: on a BIOS, and on UEFI where its EFI system partition has a loader.
truncate -s 1M disk
printf '\372\353\376\220' | dd of=disk conv=notrunc status=none
printf '\200\000\000\000\357\000\000\000\100\000\000\000\000\004\000\000' |
    dd of=disk bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of=disk bs=1 seek=510 conv=notrunc status=none
zeropage inspect disk
echo "disk: $?"
mformat -i disk@@32K -T 1024 -h 2 -s 16 ::
mmd -i disk@@32K ::/EFI ::/EFI/BOOT
zeropage inspect disk
echo "disk with an empty ESP: $?"
echo "no program" >file
mcopy -i disk@@32K file ::/EFI/BOOT/BOOTX64.EFI
zeropage inspect disk
echo "disk without a PE: $?"
gen-image pe pe
mcopy -o -i disk@@32K pe ::/EFI/BOOT/BOOTX64.EFI
zeropage inspect disk
echo "disk with a loader: $?"
