/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `qemu -kernel -initrd -append` hands to its firmware by fw_cfg, as sources that QEMU itself reads
 * into guest memory, if it has DMA: no byte of kernel or initrd goes through this CPU, and none is copied.
 *
 *   bzImage       SETUP_DATA is the file up to the end of its setup sectors, KERNEL_DATA the rest
 *   ELF, PVH      QEMU has put its segments into memory at reset; there are KERNEL_ENTRY, KERNEL_ADDR and
 *                 KERNEL_SIZE of them. Machines of before QEMU 4.0 do not know that, and hand it over as the
 *                 one above
 *   multiboot 1   no SETUP_DATA, and in KERNEL_DATA all that is to lie in memory (handed_multiboot.c)
 *
 * QEMU docs/specs/fw_cfg; Linux Documentation/x86/boot.
 */
#include <zeropage/wire/bootparam.h>

#include "../../core/checked.h"
#include "boot.h"
#include "fw_cfg.h"
#include "handed.h"

/* Bytes at the beginning of the file that are kept at hand: all that is looked at. */
#define HEAD_MAX 0x9000u

static FW_KEPT struct handed {
    struct zp_source kernel, initrd;
    struct zp_module module;
    uint32_t setup_size, head_size, kernel_size;
    _Alignas(8) char head[HEAD_MAX];
} handed;

/* Bytes of the setup sectors, then of the rest. */
static int read_bzimage(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct handed *what = context;
    char *to = buffer;

    if (!zp_fits(offset, length, what->kernel.size))
        return -1;
    if (zp_fits(offset, length, what->head_size)) {
        memcpy(to, what->head + offset, length);
        return 0;
    }
    if (offset < what->setup_size) {
        uint64_t part = what->setup_size - offset < length ? what->setup_size - offset : length;

        fw_cfg_read(FW_CFG_SETUP_DATA, (uint32_t)offset, to, (uint32_t)part);
        offset += part;
        to += part;
        length -= part;
    }
    if (length)
        fw_cfg_read(FW_CFG_KERNEL_DATA, (uint32_t)(offset - what->setup_size), to, (uint32_t)length);
    return 0;
}

static int read_initrd(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct handed *what = context;

    if (!zp_fits(offset, length, what->initrd.size))
        return -1;
    fw_cfg_read(FW_CFG_INITRD_DATA, (uint32_t)offset, buffer, (uint32_t)length);
    return 0;
}

static void take_initrd(struct fw_kernel *kernel)
{
    handed.initrd.size = fw_cfg_number(FW_CFG_INITRD_SIZE);
    if (handed.initrd.size == 0)
        return;
    handed.initrd.read = read_initrd;
    handed.initrd.context = &handed;
    handed.module.source = &handed.initrd;
    handed.module.cmdline = NULL;
    handed.module.cmdline_length = 0;
    kernel->modules = &handed.module;
    kernel->module_count = 1;
}

static void take_cmdline(struct arrival *arrival, struct fw_kernel *kernel)
{
    uint32_t size = fw_cfg_number(FW_CFG_CMDLINE_SIZE);

    if (size <= sizeof(arrival->cmdline)) {
        fw_cfg_read(FW_CFG_CMDLINE_DATA, 0, arrival->cmdline, size);
        while (size && arrival->cmdline[size - 1] == '\0')
            size--;
    }
    if (size >= sizeof(arrival->cmdline))
        stub_refuse("-append: %d bytes", (uint64_t)size);
    arrival->cmdline[size] = '\0'; /* when this kernel does not boot, it is read as a string */
    arrival->cmdline_length = size;
    kernel->cmdline = arrival->cmdline;
    kernel->cmdline_length = size;
}

static bool is_bzimage(void)
{
    const struct zp_setup_header *header = (const void *)(handed.head + ZP_BOOT_PARAMS_HDR);

    return handed.head_size >= ZP_SETUP_HEADER_END && header->header == ZP_SETUP_MAGIC_HDRS;
}

void fw_boot_handed(struct arrival *arrival)
{
    struct fw_kernel kernel = {.unseen = fw_cfg_by_dma()};

    handed.setup_size = fw_cfg_number(FW_CFG_SETUP_SIZE);
    handed.kernel_size = fw_cfg_number(FW_CFG_KERNEL_SIZE);
    if (handed.setup_size == 0 && handed.kernel_size)
        fw_boot_handed_multiboot(arrival, handed.kernel_size);
    if (handed.setup_size == 0)
        return;
    handed.head_size = handed.setup_size < HEAD_MAX ? handed.setup_size : HEAD_MAX;
    kernel.source = &handed.kernel;
    fw_cfg_read(FW_CFG_SETUP_DATA, 0, handed.head, handed.head_size);
    kernel.in_place = fw_handed_elf(&handed.kernel);
    if (!kernel.in_place) {
        kernel.is_linux = is_bzimage();
        handed.kernel.size = (uint64_t)handed.setup_size + handed.kernel_size;
        handed.kernel.read = read_bzimage;
        handed.kernel.context = &handed;
    }
    take_initrd(&kernel);
    take_cmdline(arrival, &kernel);
    fw_boot(arrival, &kernel);
}
