# SPDX-License-Identifier: BSD-2-Clause
# Why a plan cannot be made, one line each.
gen-image bzimage vmlinuz
gen-image bzimage-2.03 old
gen-image elf64 vmlinux
head -c 60000000 /dev/zero > large
: > empty
try() {
    zeropage plan "$@"
    echo "$*: $?"
}
try vmlinuz -m 8M
try vmlinuz -m 64M --initrd large
try vmlinuz --initrd empty
try vmlinuz --protocol pvh
try vmlinuz --protocol linux16
try old
try vmlinux --protocol linux32
try vmlinuz --cmdline "$(printf '%2048s' x | tr ' ' x)" > out 2>&1
sed 's/xxxx*/xxx/' out
