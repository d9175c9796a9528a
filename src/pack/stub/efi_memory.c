/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the firmware for what is handed on (UEFI 2.10, 7.2 "Memory Allocation Services"). All of it lies
 * below 4 GiB, for that is what the stub maps once the firmware is left, and what a 32-bit entry can see.
 * A firmware may have loaded us anywhere; then the body moves first, and the stub's code as it is left.
 */
#include "efi.h"

void *stub_efi_allocate(const struct stub_efi *efi, uint64_t size, uint32_t type, const char *what)
{
    uint64_t address = STUB_EFI_BELOW, status;

    status = STUB_EFI_CALL(stub_efi_allocate_pages, efi->services->allocate_pages)(
        ZP_EFI_ALLOCATE_MAX_ADDRESS, type, STUB_EFI_PAGE(size) >> ZP_EFI_PAGE_SHIFT, &address);
    if (status != ZP_EFI_SUCCESS)
        stub_refuse("no memory below 4 GiB for %s, %d bytes (EFI status %x)", what, size, status);
    memset((void *)(uintptr_t)address, 0, STUB_EFI_PAGE(size));
    return (void *)(uintptr_t)address;
}

static bool is_below(uint64_t start, uint64_t size)
{
    return size <= STUB_EFI_BELOW && start <= STUB_EFI_BELOW - size;
}

void stub_efi_come_below(const struct stub_efi *efi, struct stub_entry *entry)
{
    const struct zp_pack_body *body = (const void *)(uintptr_t)(entry->body + ZP_PACK_HEADER);
    uint8_t *room;

    if (is_below(entry->body, body->work) && is_below(entry->stub, body->stub_memory))
        return;
    room = stub_efi_allocate(efi, body->work + body->stub_memory, ZP_EFI_LOADER_CODE, "this program");
    memcpy(room, (const void *)(uintptr_t)entry->body, body->work);
    entry->body = (uintptr_t)room;
    entry->stub = entry->body + body->work;
    entry->payload = 0;
}
