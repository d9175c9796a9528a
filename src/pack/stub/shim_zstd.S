/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libzstd.a has for frames of before version 0.8, 90 KiB in Debian's: named here so that its own are not
 * linked. unpack_zstd.c lets no such frame through, so nobody comes here; who does, stops with a line.
 * RFC 8878, 3.1.1 "Zstandard Frames": today's have another magic number.
 */
    .section .text.shim_zstd, "ax"

.macro  absent names:vararg
    .irp name, \names
    .globl \name
    .hidden \name
\name:
    .endr
.endm

    absent ZSTDv05_createDCtx, ZSTDv05_decompress_usingDict, ZSTDv05_findFrameSizeInfoLegacy, ZSTDv05_freeDCtx
    absent ZSTDv05_getFrameParams, ZBUFFv05_createDCtx, ZBUFFv05_decompressContinue
    absent ZBUFFv05_decompressInitDictionary, ZBUFFv05_freeDCtx
    absent ZSTDv06_createDCtx, ZSTDv06_decompress_usingDict, ZSTDv06_findFrameSizeInfoLegacy, ZSTDv06_freeDCtx
    absent ZSTDv06_getFrameParams, ZBUFFv06_createDCtx, ZBUFFv06_decompressContinue
    absent ZBUFFv06_decompressInitDictionary, ZBUFFv06_freeDCtx
    absent ZSTDv07_createDCtx, ZSTDv07_decompress_usingDict, ZSTDv07_findFrameSizeInfoLegacy, ZSTDv07_freeDCtx
    absent ZSTDv07_getFrameParams, ZBUFFv07_createDCtx, ZBUFFv07_decompressContinue
    absent ZBUFFv07_decompressInitDictionary, ZBUFFv07_freeDCtx
    leaq    1f(%rip), %rdi
    xorl    %eax, %eax
    call    stub_refuse
    ud2

    .section .rodata.shim_zstd, "a"
1:  .asciz  "kernel: a zstd frame of before version 0.8"

    .section .note.GNU-stack, "", @progbits
