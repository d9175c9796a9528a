/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boots from disks. Receives a machine whose devices are set up; finds disks, reads what their configuration
 * files offer, says in one line what is booted and why, and boots it. What cannot be booted costs a line, and
 * the next entry is tried; after all entries, what is a kernel by itself (packed files). Comes back when
 * nothing is left, all devices reset.
 */
#include <zeropage/wire/bootparam.h>

#include "../../core/seam.h"
#include "buses.h"
#include "disks.h"

#define ARENA (UINT64_C(24) << 20)
#define PAGE  4096u
#define SEED  32u

static struct {
    struct fw_arena arena;
    struct fw_virtio_bus bus;
    struct fw_pci pci;
    struct fw_search search;
    struct fw_file_source kernel, initrds[FW_INITRD_MAX];
    struct zp_module modules[FW_INITRD_MAX];
    unsigned char seed[SEED];
} disks;

static void quiesce(void)
{
    fw_virtio_quiesce_all(&disks.bus);
}

static bool take_arena(struct arrival *arrival)
{
    uint64_t place = stub_find(arrival, ARENA, PAGE, 0, 0, 0);

    if (place == 0 || !stub_see(place, ARENA)) {
        fw_note("disks: no room for %d MiB of tables", ARENA >> 20);
        return false;
    }
    stub_keep(arrival, place, ARENA);
    disks.arena.bytes = (unsigned char *)(uintptr_t)place;
    disks.arena.size = ARENA;
    return true;
}

static void find_disks(struct arrival *arrival)
{
    bool has_pci = fw_find_buses(arrival, &disks.pci);

    fw_virtio_begin(&disks.bus, &disks.arena);
    if (has_pci)
        fw_virtio_add_pci(&disks.bus, &disks.pci);
    fw_virtio_add_cmdline(&disks.bus, arrival->cmdline);
    fw_add_acpi(&disks.bus, arrival->rsdp);
    if (disks.bus.disk_count != 0 || !has_pci)
        return;
    disks.pci.every_bus = true; /* there may be roots beside bus 0, and who asks for them has time */
    fw_virtio_add_pci(&disks.bus, &disks.pci);
}

/* A seed for the kernel: of virtio-rng, where neither a loader nor the CPU has one. */
static void take_seed(struct arrival *arrival)
{
    fw_seed(arrival);
    if (arrival->entropy || fw_virtio_random(&disks.bus, disks.seed, SEED) != SEED)
        return;
    arrival->entropy = disks.seed;
    arrival->entropy_length = SEED;
}

/* Then it is found by that, and nobody has to search 32 KiB of it for headers of other kinds. */
static bool has_setup_header(const struct zp_source *source)
{
    const uint64_t at = ZP_BOOT_PARAMS_HDR + offsetof(struct zp_setup_header, header);
    uint32_t magic;

    return source->size >= at + sizeof(magic) &&
           source->read(source->context, at, &magic, sizeof(magic)) == 0 && magic == ZP_SETUP_MAGIC_HDRS;
}

static void boot(struct arrival *arrival, const char *name, const struct zp_source *source,
                 size_t initrd_count, const char *cmdline)
{
    struct fw_kernel kernel = {.name = name,
                               .source = source,
                               .modules = disks.modules,
                               .module_count = initrd_count,
                               .cmdline = cmdline,
                               .is_linux = has_setup_header(source),
                               .leave = quiesce};

    while (cmdline[kernel.cmdline_length])
        kernel.cmdline_length++;
    fw_boot(arrival, &kernel);
}

static void boot_entry(struct arrival *arrival, const struct fw_entry *entry, const char *why)
{
    const char *options = fw_search_options(&disks.search, entry);
    const struct fw_volume *volume = &entry->fs->volume;

    if (volume->number)
        fw_note("%s from %s, partition %d: %s", fw_title(entry), volume->disk->name, (uint64_t)volume->number,
                why);
    else
        fw_note("%s from %s: %s", fw_title(entry), volume->disk->name, why);
    if (!options) {
        fw_note("no room for the command line");
        return;
    }
    if (fw_file_source(entry->fs, entry->kernel, entry->kernel_piece, &disks.kernel) != 0)
        return;
    for (size_t i = 0; i < entry->initrd_count; i++) {
        if (fw_file_source(entry->fs, entry->initrds[i], entry->initrd_pieces[i], &disks.initrds[i]) != 0)
            return;
        disks.modules[i] = (struct zp_module){.source = &disks.initrds[i].source};
    }
    boot(arrival, entry->kernel, &disks.kernel.source, entry->initrd_count, options);
}

/* What loader.conf says to whoever boots entries of its disk: seconds, UINT32_MAX: for ever. */
static uint32_t time_to_wait(const struct fw_settings *settings, const struct fw_entry *entry)
{
    while (settings && settings->disk != entry->fs->volume.disk)
        settings = settings->next;
    return settings && (entry->source == FW_BLS1 || entry->source == FW_UKI) ? settings->timeout : 0;
}

static void boot_entries(struct arrival *arrival)
{
    struct fw_menu *menu = &disks.search.menu;
    bool asked = false;
    const char *why;
    size_t chosen;

    while ((chosen = fw_choose(menu, &why)) != SIZE_MAX) {
        uint32_t seconds =
            fw_key_pressed() ? UINT32_MAX : time_to_wait(menu->settings, &menu->entries[chosen]);

        if (!asked && seconds != 0) {
            size_t first = chosen;

            chosen = fw_menu_ask(menu, first, seconds);
            why = chosen == first ? why : "chosen in the menu";
            asked = true;
            if (chosen != first && !fw_entry_is_whole(menu, &menu->entries[chosen])) {
                menu->entries[chosen].failed = true;
                continue;
            }
        }
        boot_entry(arrival, &menu->entries[chosen], why);
        menu->entries[chosen].failed = true;
    }
}

/* Nothing was booted: what was looked at, disk by disk. */
static void tell_disks(void)
{
    for (size_t i = 0; i < disks.bus.disk_count; i++) {
        const struct fw_disk *disk = &disks.bus.disks[i];
        uint64_t systems = 0;

        for (size_t at = 0; at < disks.search.system_count; at++)
            systems += disks.search.systems[at].volume.disk == disk;
        fw_note("%s: file systems that can be read: %d, and none has anything that boots", disk->name,
                systems);
    }
    if (disks.bus.disk_count == 0)
        fw_note("no disk was found: only virtio-blk and virtio-scsi are looked at (QEMU: -drive if=virtio)");
}

void fw_boot_disks(struct arrival *arrival)
{
    bool full;

    if (!take_arena(arrival))
        return;
    find_disks(arrival);
    take_seed(arrival);
    full = fw_search_begin(&disks.search, &disks.arena, arrival->cmdline, fw_is_kernel) != 0;
    for (size_t i = 0; i < disks.bus.disk_count && !full; i++)
        full = fw_search_disk(&disks.search, &disks.bus.disks[i]) != 0;
    if (disks.search.menu.entries)
        fw_search_done(&disks.search, arrival->cmdline);
    if (full)
        fw_note("disks: %d MiB of tables are full: what is behind them is not looked at", ARENA >> 20);
    if (disks.search.menu.entries) {
        boot_entries(arrival);
        fw_search_images(&disks.search);
        boot_entries(arrival);
        fw_search_programs(&disks.search);
        boot_entries(arrival);
    }
    tell_disks();
    quiesce();
}
