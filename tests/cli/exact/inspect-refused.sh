# SPDX-License-Identifier: BSD-2-Clause
# What is not for us is named, with what to do; so is what does not unpack.
for kind in pe arm64 riscv64 loongarch64 zboot gzip zstd elf64-program; do
    gen-image $kind $kind
    zeropage inspect $kind
    echo "$kind: $?"
done
