/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fw_cfg: by DMA, which costs the guest some twenty instructions whatever the size, or byte by byte where
 * there is none. Guarantees bounded waits and zeros for what is not there. QEMU docs/specs/fw_cfg.
 */
#include "fw_cfg.h"

#include "../../core/seam.h"
#include "../port.h"
#include "boot.h"

#define SELECTOR 0x510
#define DATA     0x511
#define DMA_HIGH 0x514
#define DMA_LOW  0x518

#define ITEM_SIGNATURE 0x00
#define ITEM_DIRECTORY 0x19
#define SIGNATURE      0x554d4551 /* "QEMU" */

#define DMA_ERROR  0x01
#define DMA_READ   0x02
#define DMA_SKIP   0x04
#define DMA_SELECT 0x08
#define DMA_WRITE  0x10

#define FILE_MAX 256
#define KEY_AT   4
#define WAIT_MAX 0x10000000u /* turns: QEMU is done before the first one */

struct file {
    uint32_t size; /* big-endian, all of them */
    uint16_t item;
    uint16_t reserved;
    char name[FW_CFG_NAME];
};

static FW_KEPT struct {
    uint32_t count;
    struct file files[FILE_MAX];
} directory;
static FW_KEPT size_t file_count;
static FW_KEPT bool by_dma, present;

bool fw_cfg_by_dma(void)
{
    return by_dma;
}

static bool transfer(uint32_t control, uint64_t address, uint32_t size)
{
    static FW_KEPT volatile struct {
        uint32_t control, length;
        uint64_t address;
    } dma;

    dma.control = __builtin_bswap32(control);
    dma.length = __builtin_bswap32(size);
    dma.address = __builtin_bswap64(address);
    port_out32(DMA_HIGH, 0);
    port_out32(DMA_LOW, __builtin_bswap32((uint32_t)(uintptr_t)&dma));
    for (uint32_t wait = WAIT_MAX; wait; wait--) {
        uint32_t left = __builtin_bswap32(dma.control);

        if ((left & ~(uint32_t)DMA_ERROR) == 0)
            return left == 0;
    }
    stub_refuse("fw_cfg: no answer");
}

static void read_bytes(uint16_t item, uint32_t skip, uint8_t *to, uint32_t size)
{
    port_out16(SELECTOR, item);
    while (skip--)
        (void)port_in8(DATA);
    port_in8s(DATA, to, size);
}

void fw_cfg_read(uint16_t item, uint32_t skip, void *to, uint32_t size)
{
    uint32_t select = (uint32_t)item << 16 | DMA_SELECT;

    if (!by_dma && present) {
        read_bytes(item, skip, to, size);
        return;
    }
    if (skip && by_dma) {
        (void)transfer(select | DMA_SKIP, 0, skip);
        select = 0;
    }
    if (!by_dma || !transfer(select | DMA_READ, (uintptr_t)to, size))
        memset(to, 0, size);
}

bool fw_cfg_write(uint16_t item, uint32_t skip, const void *from, uint32_t size)
{
    uint32_t select = (uint32_t)item << 16 | DMA_SELECT;

    return by_dma && transfer(select | DMA_SKIP, 0, skip) && transfer(DMA_WRITE, (uintptr_t)from, size);
}

/* Four bytes take fewer instructions one by one than by DMA. */
uint32_t fw_cfg_number(uint16_t item)
{
    uint32_t number = 0;

    if (present)
        read_bytes(item, 0, (uint8_t *)&number, sizeof(number));
    return number;
}

bool fw_cfg_begin(void)
{
    by_dma = port_in32(DMA_HIGH) == SIGNATURE;
    present = true;
    if (!by_dma)
        present = fw_cfg_number(ITEM_SIGNATURE) == SIGNATURE;
    file_count = 0;
    if (!present)
        return false;
    fw_cfg_read(ITEM_DIRECTORY, 0, &directory, by_dma ? sizeof(directory) : sizeof(directory.count));
    file_count = __builtin_bswap32(directory.count);
    if (file_count > FILE_MAX)
        file_count = FILE_MAX;
    if (!by_dma)
        fw_cfg_read(ITEM_DIRECTORY, sizeof(directory.count), directory.files,
                    (uint32_t)(file_count * sizeof(struct file)));
    return true;
}

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static uint64_t word(const char *name)
{
    uint64_t value;

    memcpy(&value, name, sizeof(value));
    return value;
}

/* Beyond the word that is known to be the same; that has the end in it when `ends`. */
static bool is_named(const char *name, const char *wanted, bool ends)
{
    for (size_t i = KEY_AT + sizeof(uint64_t); !ends && i < FW_CFG_NAME; i++) {
        if (name[i] != wanted[i])
            return false;
        ends = wanted[i] == '\0';
    }
    return ends && word(name) << 32 == word(wanted) << 32;
}

/* Names begin with "etc/" more often than not: the word behind that tells them apart, as far as the name
 * goes. */
bool fw_cfg_find(const char *name, struct fw_cfg_file *ret_file)
{
    uint64_t key = word(name + KEY_AT);
    uint64_t end = (key - ONES) & ~key & HIGHS; /* its lowest bit is in the NUL */
    uint64_t mask = end ^ (end - 1);

    for (size_t i = 0; i < file_count; i++) {
        const struct file *file = &directory.files[i];

        if (((word(file->name + KEY_AT) ^ key) & mask) || !is_named(file->name, name, end))
            continue;
        ret_file->size = __builtin_bswap32(file->size);
        ret_file->item = __builtin_bswap16(file->item);
        return true;
    }
    return false;
}
