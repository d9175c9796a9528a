/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A multiboot kernel that `qemu -kernel` has laid out already: fw_cfg has no file of it, but its memory from
 * its first address on, and behind that a list of modules, strings and the modules themselves (KERNEL_DATA),
 * with multiboot information that points to them (INITRD_DATA). An ELF header of ours, with one segment,
 * makes a file of that memory again, in which the core finds the multiboot header as in any. Kernels whose
 * header lies in no segment are refused. Multiboot Specification 0.6.96, 3.3; ELF gABI, "ELF Header".
 */
#include <zeropage/wire/multiboot.h>

#include "../../core/checked.h"
#include "boot.h"
#include "fw_cfg.h"
#include "handed.h"

#define MODULE_MAX 32
#define TEXT_MAX   0x4000u /* the list, and all command lines */
#define INFO_SIZE  offsetof(struct zp_multiboot_info, u)

struct piece {
    struct zp_source source;
    uint32_t offset; /* in KERNEL_DATA */
};

static FW_KEPT struct {
    struct fw_handed_head head;
    struct piece kernel, pieces[MODULE_MAX];
    struct zp_module modules[MODULE_MAX];
    uint32_t text_size;
    char text[TEXT_MAX];
} handed;

static int read_piece(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct piece *piece = context;

    if (!zp_fits(offset, length, piece->source.size))
        return -1;
    fw_cfg_read(FW_CFG_KERNEL_DATA, piece->offset + (uint32_t)offset, buffer, (uint32_t)length);
    return 0;
}

/* The head, and what it is the head of. */
static int read_kernel(void *context, uint64_t offset, void *buffer, size_t length)
{
    char *to = buffer;

    if (!zp_fits(offset, length, handed.kernel.source.size))
        return -1;
    for (; length && offset < sizeof(handed.head); offset++, length--)
        *to++ = ((const char *)&handed.head)[offset];
    if (length)
        fw_cfg_read(FW_CFG_KERNEL_DATA, (uint32_t)(offset - sizeof(handed.head)), to, (uint32_t)length);
    return 0;
    (void)context;
}

/* A string at an offset of the text, which ends in a NUL; an empty one where that is none. */
static const char *string(uint32_t offset, size_t *ret_length)
{
    const char *text = offset < handed.text_size ? handed.text + offset : "";

    *ret_length = 0;
    while (text[*ret_length])
        (*ret_length)++;
    return text;
}

static bool take_module(uint32_t index, uint32_t address, uint32_t text_address, uint32_t data_size)
{
    struct piece *piece = &handed.pieces[index];
    struct zp_module *module = &handed.modules[index];
    struct zp_multiboot_mod_list entry;

    memcpy(&entry, handed.text + index * sizeof(entry), sizeof(entry));
    if (entry.mod_end < entry.mod_start || entry.mod_start < address ||
        !zp_fits(entry.mod_start - address, entry.mod_end - entry.mod_start, data_size))
        return false;
    piece->offset = entry.mod_start - address;
    piece->source.size = entry.mod_end - entry.mod_start;
    piece->source.read = read_piece;
    piece->source.context = piece;
    module->source = &piece->source;
    module->cmdline = string(entry.cmdline - text_address, &module->cmdline_length);
    return true;
}

void fw_boot_handed_multiboot(struct arrival *arrival, uint32_t data_size)
{
    struct fw_kernel kernel = {
        .source = &handed.kernel.source, .modules = handed.modules, .protocol = ZP_PROTOCOL_MULTIBOOT1};
    const uint32_t address = fw_cfg_number(FW_CFG_KERNEL_ADDR);
    struct zp_multiboot_info info;
    uint32_t text_at;

    fw_cfg_read(FW_CFG_INITRD_DATA, 0, &info, INFO_SIZE);
    text_at = info.mods_addr - address;
    if (fw_cfg_number(FW_CFG_INITRD_SIZE) < INFO_SIZE || info.mods_addr < address || text_at >= data_size ||
        info.mods_count > MODULE_MAX) {
        fw_note("-kernel: neither bzImage, ELF nor multiboot; or more than %d modules", (uint64_t)MODULE_MAX);
        return;
    }
    handed.text_size = data_size - text_at < TEXT_MAX ? data_size - text_at : TEXT_MAX;
    fw_cfg_read(FW_CFG_KERNEL_DATA, text_at, handed.text, handed.text_size);
    handed.text[handed.text_size - 1] = '\0';
    fw_handed_head(&handed.head, 1, address, text_at, sizeof(handed.head));
    handed.head.ehdr.e_entry = fw_cfg_number(FW_CFG_KERNEL_ENTRY);
    handed.kernel.source =
        (struct zp_source){.size = sizeof(handed.head) + (uint64_t)text_at, .read = read_kernel};
    for (; kernel.module_count < info.mods_count; kernel.module_count++)
        if (!take_module((uint32_t)kernel.module_count, address, info.mods_addr, data_size)) {
            fw_note("-initrd: module %d is not where it should be", (uint64_t)kernel.module_count);
            return;
        }
    kernel.cmdline = string(info.cmdline - info.mods_addr, &kernel.cmdline_length);
    fw_boot(arrival, &kernel);
}
