# SPDX-License-Identifier: BSD-2-Clause
# A field of each kind spoiled: which field, where in the file, why.
try() {
    gen-image "$@" image
    zeropage inspect image
    echo "$*: $?"
}
try bzimage --poke 0x260:4:0
try bzimage --poke 0x230:4:3
try bzimage --poke 0x258:8:0xffffffffffffff00
try bzimage --poke 0x24c:4:0xffffffff
try bzimage --poke 0x1f1:1:255
try bzimage --resize 0x210
try elf64 --poke 0x38:2:0
try elf64 --poke 0x36:2:1
try elf64 --poke 0x12:2:0xb7
try elf64 --poke 0x10:2:1
try elf64 --poke 0x20:8:0xffffffffffffffc0
