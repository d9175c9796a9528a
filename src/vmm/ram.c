/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM, mapped once, of one of two kinds. What another process is to share (QEMU, by /proc/self/fd) is
 * a memory file whose size is sealed: nobody can cut it under the mapping. What is ours alone (KVM slots)
 * is private memory, which the host may make of huge pages: loading a kernel into it takes a fifth of the
 * time, for a memory file is filled page by page. Both are sparse and nothing is reserved, so a guest may
 * have more RAM than the host as long as it does not touch it. The guest sees two regions, split where the
 * PC has its hole below 4 GiB; in the mapping they lie one after the other, which is how QEMU's machines lay
 * out theirs as well. All of it reads as zero.
 */
#include "vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

#define HUGE_PAGE ((uintptr_t)2 << 20)

/* 0 or a positive errno value. */
static int make_file(uint64_t size, int *ret_fd)
{
    int fd, error;

    if (size > INT64_MAX || size > SIZE_MAX)
        return ENOMEM;
    fd = memfd_create("guest RAM", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return errno;
    if (ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        error = errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static void describe_regions(const struct zp_pc *pc, struct zp_ram *ram)
{
    uint64_t low = ram->size < pc->hole_start.value ? ram->size : pc->hole_start.value;

    ram->regions[0] = (struct zp_guest_region){{0}, low, ram->host};
    ram->regions[1] = (struct zp_guest_region){pc->hole_end, ram->size - low, (char *)ram->host + low};
    ram->guest.struct_size = sizeof(ram->guest);
    ram->guest.regions = ram->regions;
    ram->guest.region_count = ram->size > low ? 2 : 1;
    ram->guest.flags = ZP_GUEST_ZEROED;
}

/* Address space for RAM and a little more, so that RAM begins at a huge page's boundary as it does for the
 * guest: only then is a huge page of the one a huge page of the other. */
static int map_aligned(uint64_t size, int fd, struct zp_ram *ret_ram)
{
    const int kind = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    uintptr_t aligned;
    void *reserved;
    int error;

    if (size > SIZE_MAX - HUGE_PAGE)
        return ENOMEM;
    reserved =
        mmap(NULL, (size_t)size + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED)
        return errno;
    aligned = ((uintptr_t)reserved + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    if (mmap((void *)aligned, (size_t)size, PROT_READ | PROT_WRITE, kind | MAP_FIXED | MAP_NORESERVE, fd,
             0) == MAP_FAILED) {
        error = errno;
        munmap(reserved, (size_t)size + HUGE_PAGE);
        return error;
    }
    madvise((void *)aligned, (size_t)size, MADV_DONTDUMP); /* a core file is about us, not about the guest */
    *ret_ram = (struct zp_ram){.fd = fd, .size = size, .host = (void *)aligned, .reserved = reserved};
    return 0;
}

static int no_ram(const struct zp_pc *pc, int error)
{
    char size[32];

    zp_vm_error("guest RAM of %s (-m) cannot be mapped on this host: %s",
                zp_size_format(pc->ram_size, size, sizeof(size)), strerror(error));
    return -1;
}

int zp_ram_map(const struct zp_pc *pc, struct zp_ram *ret_ram)
{
    int fd = -1;
    int error = make_file(pc->ram_size, &fd);

    if (!error)
        error = map_aligned(pc->ram_size, fd, ret_ram);
    if (error) {
        if (fd >= 0)
            close(fd);
        return no_ram(pc, error);
    }
    describe_regions(pc, ret_ram);
    return 0;
}

int zp_ram_map_private(const struct zp_pc *pc, struct zp_ram *ret_ram)
{
    int error = map_aligned(pc->ram_size, -1, ret_ram);

    /* A host that counts promises (vm.overcommit_memory 2) has none left, but files are not counted. */
    if (error == ENOMEM)
        return zp_ram_map(pc, ret_ram);
    if (error)
        return no_ram(pc, error);
    /* Low memory is for a few small tables: there a huge page would cost more than it saves. */
    if (pc->ram_size > HUGE_PAGE)
        madvise((char *)ret_ram->host + HUGE_PAGE, (size_t)(pc->ram_size - HUGE_PAGE), MADV_HUGEPAGE);
    describe_regions(pc, ret_ram);
    return 0;
}

void zp_ram_unmap(struct zp_ram *ram)
{
    if (!ram->host)
        return;
    munmap(ram->reserved, (size_t)ram->size + HUGE_PAGE);
    if (ram->fd >= 0)
        close(ram->fd);
    *ram = (struct zp_ram){.fd = -1};
}
