/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_params and the setup_data list. Linux Documentation/x86/boot, "Details of header fields" and
 * "32-bit boot protocol"; zero-page.
 *
 * Of the image only the header goes into the zeroed page, up to its end for the image's version: one byte
 * more, and the sentinel would make the kernel drop fields. An ELF out of a bzImage gets the header of that
 * one, a bare ELF a header written for it. A setup_data pointer in the file is nobody's list; ours replaces
 * it.
 */
#include <zeropage/wire/bootparam.h>

#include "draft.h"
#include "fill.h"

#define VERSION_WRITTEN 0x20f /* the header that a bare ELF gets */

/* Is this span a node of the setup_data list? */
static bool is_setup_data(const struct zp_plan *plan, const struct zp_span *span)
{
    if (span->kind == ZP_SPAN_SETUP_DATA || span->kind == ZP_SPAN_E820_EXT)
        return true;
    return span->kind == ZP_SPAN_BLOB && plan->request->blobs[span->index].role == ZP_BLOB_SETUP_DATA;
}

/* The list goes through the nodes by address. The node after `span`, the first for NULL; 0 at the end. */
static uint64_t next_setup_data(const struct zp_plan *plan, const struct zp_span *span)
{
    const struct zp_span *end = plan->spans + plan->span_count;

    for (const struct zp_span *next = span ? span + 1 : plan->spans; next < end; next++)
        if (is_setup_data(plan, next))
            return next->start.value;
    return 0;
}

static void fill_node(const struct zp_plan *plan, const struct zp_span *span, uint32_t type, uint64_t length,
                      void *buffer)
{
    struct zp_setup_data node = {.next = next_setup_data(plan, span), .type = type, .len = (uint32_t)length};

    memcpy(buffer, &node, sizeof(node));
}

void zp_fill_setup_data_header(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    const struct zp_blob *blob = &plan->request->blobs[span->index];

    fill_node(plan, span, blob->setup_data_type, blob->size, buffer);
}

void zp_fill_rng_seed(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    const struct zp_request *request = plan->request;

    fill_node(plan, span, ZP_SETUP_RNG_SEED, request->entropy_length, buffer);
    memcpy((char *)buffer + sizeof(struct zp_setup_data), request->entropy, request->entropy_length);
}

static struct zp_boot_e820_entry e820_entry(const struct zp_e820_range *range)
{
    struct zp_boot_e820_entry entry = {.addr = range->start.value, .size = range->size, .type = range->type};

    return entry;
}

void zp_fill_e820_ext(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    size_t count = 0;
    char *data = (char *)buffer + sizeof(struct zp_setup_data);

    /* A pinned span was sized for the most ranges there can be. */
    memset(buffer, 0, (size_t)span->size);
    if (plan->e820_count > ZP_E820_MAX_ENTRIES_ZEROPAGE)
        count = plan->e820_count - ZP_E820_MAX_ENTRIES_ZEROPAGE;
    fill_node(plan, span, ZP_SETUP_E820_EXT, count * sizeof(struct zp_boot_e820_entry), buffer);
    for (size_t i = 0; i < count; i++) {
        struct zp_boot_e820_entry entry = e820_entry(&plan->e820[ZP_E820_MAX_ENTRIES_ZEROPAGE + i]);

        memcpy(data + i * sizeof(entry), &entry, sizeof(entry));
    }
}

/* The header of a kernel that has none. */
static void write_header(const struct zp_plan *plan, struct zp_setup_header *header)
{
    bool has_64 = plan->entry->container == ZP_CONTAINER_ELF64;

    header->boot_flag = ZP_BOOT_FLAG;
    header->header = ZP_SETUP_MAGIC_HDRS;
    header->version = VERSION_WRITTEN;
    header->loadflags = ZP_LOADED_HIGH;
    header->initrd_addr_max = has_64 ? UINT32_MAX : ZP_INITRD_ADDR_MAX_DEFAULT;
    header->kernel_alignment = 1u << 21;
    header->min_alignment = 21;
    header->xloadflags = has_64 ? ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G : 0;
    header->cmdline_size = 2047;
    header->pref_address = plan->runtime.value;
    header->init_size = plan->runtime_size > UINT32_MAX ? UINT32_MAX : (uint32_t)plan->runtime_size;
}

/* The fields that the protocol has the loader write ("w" and "m" in its tables). */
static void write_fields(const struct zp_plan *plan, struct zp_setup_header *header)
{
    const struct zp_request *request = plan->request;
    uint64_t cmdline = zp_address_of(plan, ZP_SPAN_CMDLINE, 0);

    header->vid_mode = (uint16_t)(request->vid_mode ? request->vid_mode : ZP_VID_MODE_NORMAL);
    header->type_of_loader =
        (uint8_t)(request->type_of_loader ? request->type_of_loader : ZP_LOADER_TYPE_UNDEFINED);
    /* The heap is the real-mode code's, which does not run. */
    header->loadflags &= (uint8_t) ~(ZP_CAN_USE_HEAP | ZP_KASLR_FLAG | ZP_KEEP_SEGMENTS | ZP_QUIET_FLAG);
    /* Set by the kernel's decompressor, or by who does its work: kernel memory is randomised only then. */
    if (zp_plan_randomised(plan))
        header->loadflags |= ZP_KASLR_FLAG;
    if (request->flags & ZP_REQUEST_KEEP_SEGMENTS)
        header->loadflags |= ZP_KEEP_SEGMENTS;
    if (request->flags & ZP_REQUEST_QUIET)
        header->loadflags |= ZP_QUIET_FLAG;
    header->code32_start = (uint32_t)plan->kernel_load.value;
    header->ramdisk_image = (uint32_t)plan->initrd.value;
    header->ramdisk_size = (uint32_t)plan->initrd_size;
    header->cmd_line_ptr = (uint32_t)cmdline;
    /* Plan refused these for headers that are too old to have them; then they are 0. */
    header->hardware_subarch = request->hardware_subarch;
    header->hardware_subarch_data = request->hardware_subarch_data;
    header->setup_data = next_setup_data(plan, NULL);
}

/* What firmware and loaders find out and a plan does not: Documentation/x86/zero-page. */
static void hand_on(const struct zp_boot_params *handed, struct zp_boot_params *params)
{
#define PART(member)                                                    \
    {                                                                   \
        offsetof(struct zp_boot_params, member), sizeof(handed->member) \
    }
    static const struct {
        uint16_t offset;
        uint16_t size;
    } parts[] = {
        PART(screen_info),     PART(apm_bios_info),
        PART(tboot_addr),      PART(ist_info),
        PART(hd0_info),        PART(hd1_info),
        PART(sys_desc_table),  PART(olpc_ofw_header),
        PART(cc_blob_address), PART(edid_info),
        PART(efi_info),        PART(alt_mem_k),
        PART(eddbuf_entries),  PART(edd_mbr_sig_buf_entries),
        PART(kbd_status),      PART(secure_boot),
        PART(eddbuf),          PART(edd_mbr_sig_buffer),
    };
#undef PART

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        memcpy((char *)params + parts[i].offset, (const char *)handed + parts[i].offset, parts[i].size);
}

void zp_fill_boot_params(const struct zp_plan *plan, void *buffer)
{
    const struct zp_bzimage *setup = zp_find_setup(plan);
    struct zp_boot_params *params = buffer;
    uint64_t cmdline = zp_address_of(plan, ZP_SPAN_CMDLINE, 0);
    size_t count = plan->e820_count;

    memset(params, 0, sizeof(*params));
    if (plan->request->boot_params)
        hand_on(plan->request->boot_params, params);
    if (setup)
        params->hdr = setup->header;
    else
        write_header(plan, &params->hdr);
    write_fields(plan, &params->hdr);
    params->ext_ramdisk_image = (uint32_t)(plan->initrd.value >> 32);
    params->ext_ramdisk_size = (uint32_t)(plan->initrd_size >> 32);
    params->ext_cmd_line_ptr = (uint32_t)(cmdline >> 32);
    params->acpi_rsdp_addr = plan->rsdp.value;
    if (count > ZP_E820_MAX_ENTRIES_ZEROPAGE)
        count = ZP_E820_MAX_ENTRIES_ZEROPAGE;
    for (size_t i = 0; i < count; i++)
        params->e820_table[i] = e820_entry(&plan->e820[i]);
    params->e820_entries = (uint8_t)count;
}
