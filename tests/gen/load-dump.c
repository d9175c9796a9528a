/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load-dump: loads a kernel at a given address with a given virtual delta, as zp_load does it, and writes the
 * kernel's memory to a file; what inspect says of its relocation table goes to stdout. For tests that compute
 * both by other means:  load-dump VMLINUX 0x4000000 0x11400000 FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zeropage/zeropage.h>

#define RAM_SIZE (UINT64_C(512) << 20)
#define GIB      (UINT64_C(1) << 30)

static int fail(const char *what, int status, const struct zp_error *error)
{
    fprintf(stderr, "%s: %s: %s at 0x%llx\n", what, zp_status_name(status), zp_field_name(error->field),
            (unsigned long long)error->offset);
    return 1;
}

static void print_table(const struct zp_relocations *table)
{
    printf("{\"lists\": %u, \"offset\": %llu, \"size\": %llu, \"list64\": %llu, \"list32neg\": %llu, "
           "\"list32\": %llu, \"map\": %llu, \"fault\": \"%s\"}\n",
           table->list_count, (unsigned long long)table->offset, (unsigned long long)table->size,
           (unsigned long long)table->list64_count, (unsigned long long)table->list32neg_count,
           (unsigned long long)table->list32_count, (unsigned long long)table->map,
           zp_status_name(table->fault.code));
}

static int save(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    int bad = !file || fwrite(bytes, 1, size, file) != size;

    if ((file && fclose(file) != 0) || bad) {
        perror(path);
        return 1;
    }
    return 0;
}

static int load_and_save(const struct zp_image *image, uint64_t address, uint64_t delta, const char *path)
{
    static struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    static struct zp_span spans[96];
    static struct zp_e820_range e820[160];
    static struct zp_decision decisions[48];
    const struct zp_plan_room room = {spans, 96, e820, 160, decisions, 48};
    const struct zp_pin pin = {ZP_SPAN_KERNEL, 0, {address}};
    const struct zp_request request = {.struct_size = sizeof(request), .pins = &pin, .pin_count = 1};
    struct zp_pc pc = {.struct_size = sizeof(pc), .cpu_count = 1, .ram_size = RAM_SIZE};
    struct zp_guest_region region = {{0}, RAM_SIZE, NULL};
    const struct zp_guest guest = {.struct_size = sizeof(guest), .regions = &region, .region_count = 1};
    struct zp_machine machine;
    struct zp_plan plan;
    struct zp_error error;
    int status;

    pc.hole_start.value = 3 * GIB;
    pc.hole_end.value = 4 * GIB;
    if ((status = zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, &error)) != 0)
        return fail("machine", status, &error);
    if ((status = zp_plan_make(image, &machine, &request, &room, &plan, &error)) != 0)
        return fail("plan", status, &error);
    plan.virtual_delta = delta;
    region.host = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region.host == MAP_FAILED)
        return 1;
    if ((status = zp_load(&plan, &guest, &error)) != 0)
        return fail("load", status, &error);
    return save(path, (char *)region.host + address, (size_t)plan.runtime_size);
}

int main(int argc, char **argv)
{
    static struct zp_segment segments[64];
    static struct zp_note notes[32];
    static struct zp_entry entries[12];
    const struct zp_image_room room = {segments, 64, notes, 32, entries, 12};
    struct zp_memory_source memory;
    struct zp_image image;
    struct zp_error error;
    struct stat info;
    void *bytes;
    int file, status;

    if (argc != 5) {
        fputs("Usage: load-dump VMLINUX ADDRESS VIRTUAL_DELTA FILE\n", stderr);
        return 2;
    }
    file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) {
        perror(argv[1]);
        return 1;
    }
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return 1;
    zp_memory_source_init(&memory, bytes, (uint64_t)info.st_size);
    if ((status = zp_inspect(&memory.source, &room, &image, &error)) != 0)
        return fail(argv[1], status, &error);
    print_table(&image.relocations);
    return load_and_save(&image, strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), argv[4]);
}
