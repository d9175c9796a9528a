/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM: one memory file, mapped once and shared with whoever runs the guest (KVM slots, or QEMU by
 * /proc/self/fd). The file is sparse and nothing is reserved, so a guest may have more RAM than the host
 * as long as it does not touch it. The guest sees two regions, split where the PC has its hole below 4 GiB;
 * in the file they lie one after the other, which is how QEMU's machines lay out theirs as well.
 * The size is sealed: nobody can cut the file under the mapping.
 */
#include "vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"

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
}

int zp_ram_map(const struct zp_pc *pc, struct zp_ram *ret_ram)
{
    char size[32];
    void *host = MAP_FAILED;
    int fd = -1;
    int error = make_file(pc->ram_size, &fd);

    if (!error) {
        host = mmap(NULL, (size_t)pc->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
        if (host == MAP_FAILED)
            error = errno;
    }
    if (error) {
        if (fd >= 0)
            close(fd);
        zp_vm_error("guest RAM of %s (-m) cannot be mapped on this host: %s",
                    zp_size_format(pc->ram_size, size, sizeof(size)), strerror(error));
        return -1;
    }
    madvise(host, (size_t)pc->ram_size, MADV_DONTDUMP); /* a core file is about us, not about the guest */
    ret_ram->fd = fd;
    ret_ram->size = pc->ram_size;
    ret_ram->host = host;
    describe_regions(pc, ret_ram);
    return 0;
}

void zp_ram_unmap(struct zp_ram *ram)
{
    if (!ram->host)
        return;
    munmap(ram->host, (size_t)ram->size);
    close(ram->fd);
    *ram = (struct zp_ram){.fd = -1};
}
