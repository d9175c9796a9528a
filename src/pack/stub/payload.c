/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payload: the kernel, its command line and its initrds as the packer put them together (layout.h). What
 * was altered or cut off on its way here is found by the checksum; the bounds are checked all the same, for a
 * checksum is no proof of good sense.
 */
#include "../../core/checked.h"
#include "stub.h"

#define CHECKED 4u /* zp_pack_checksum counts in words of as many bytes */

static bool is_sound(const struct zp_pack_payload *payload)
{
    bool sound = zp_fits(payload->kernel_offset, payload->kernel_size, payload->size) &&
                 zp_fits(payload->cmdline_offset, payload->cmdline_room, payload->size) &&
                 (payload->cmdline_length == 0 || payload->cmdline_length < payload->cmdline_room) &&
                 payload->module_count <= ZP_PACK_MODULE_MAX && payload->entry < ZP_PROTOCOL_COUNT;

    for (size_t i = 0; sound && i < payload->module_count; i++)
        sound = zp_fits(payload->modules[i].offset, payload->modules[i].size, payload->size);
    return sound;
}

static void check(const struct zp_pack_payload *payload, uint64_t size)
{
    if (memcmp(payload->magic, ZP_PACK_PAYLOAD_MAGIC, sizeof(payload->magic)) != 0)
        stub_refuse("payload: altered or cut: none at 0x%x", (uint64_t)(uintptr_t)payload);
    if (payload->version != ZP_PACK_VERSION || payload->header_size != sizeof(*payload))
        stub_refuse("payload: version %d", (uint64_t)payload->version);
    if (payload->size > size || payload->size < sizeof(*payload) || payload->size % CHECKED)
        stub_refuse("payload: altered or cut: 0x%x of 0x%x bytes", size, payload->size);
}

static void check_sum(const struct zp_pack_payload *payload)
{
    uint64_t sum = zp_pack_checksum(payload, payload->size, offsetof(struct zp_pack_payload, checksum));

    if (sum != payload->checksum)
        stub_refuse("payload: altered or cut: checksum 0x%x, and it was packed with 0x%x", sum,
                    payload->checksum);
}

/* Where the body's header says, unless efi.c has read it from the ESP, or we have it elsewhere by now. */
static const struct zp_pack_payload *find(struct stub_entry *entry)
{
    const struct zp_pack_body *body = (const void *)(uintptr_t)(entry->body + ZP_PACK_HEADER);
    const uint64_t inside = entry->body + body->payload_offset;
    const struct zp_pack_payload *payload;

    if (entry->payload == 0) {
        if (body->payload_offset == 0)
            stub_refuse("payload: none in this file, which is to be started by EFI firmware");
        entry->payload = inside;
    }
    payload = (const void *)(uintptr_t)entry->payload;
    check(payload, entry->payload == inside ? body->payload_size : UINT64_MAX);
    return payload;
}

void stub_payload_check(struct stub_entry *entry)
{
    const struct zp_pack_payload *payload = find(entry);

    if (!entry->checked)
        check_sum(payload);
    if (!is_sound(payload))
        stub_refuse("payload: a part of it lies outside");
    entry->checked = 1;
}

const struct zp_pack_payload *stub_payload(struct stub_entry *entry, struct arrival *arrival)
{
    const struct zp_pack_payload *payload;
    const char *bytes;

    stub_payload_check(entry);
    payload = (const void *)(uintptr_t)entry->payload;
    bytes = (const char *)payload;
    stub_keep(arrival, entry->payload, payload->size);
    stub_cmdline_add(arrival, bytes + payload->cmdline_offset, payload->cmdline_length);
    for (size_t i = 0; i < payload->module_count; i++)
        stub_module_add(arrival, entry->payload + payload->modules[i].offset, payload->modules[i].size, NULL,
                        0);
    return payload;
}
