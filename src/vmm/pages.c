/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of files in guest RAM: receives what zp_load would read (whole pages of the kernel and of initrds)
 * and saves it the reading. Private RAM maps them, copied by the host only where somebody writes: guests of
 * one file share its pages, and an initrd costs nothing until it is looked at. Into a memory file, which
 * another process shares, the host copies them from file to file, without a fault and a clearing for each.
 *
 * A page that is mapped changes when its file does, and is gone when the file is cut. Only files that nobody
 * can change are mapped, unless the user says otherwise, and then a file that is cut ends the run with a
 * message. What cannot be mapped is read.
 */
#include "vmm.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

#define PAGE_SIZE UINT64_C(4096)
/* A process may have some 65000 mappings; an ELF may have a million segments. */
#define MAPPINGS_MAX 1024

/* Is it a file that holds [offset, +size)? Pages past a file's end are a fault, not zeros. */
static bool holds(int fd, uint64_t offset, uint64_t size)
{
    struct stat about;

    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (uint64_t)about.st_size >= size &&
           (uint64_t)about.st_size - size >= offset;
}

/* Guest memory is gone: whoever touches it, guest or we, there is nothing to go on with. */
static void die_of_a_cut_file(int number)
{
    static const char line[] = "zeropage: a file was cut whose pages the guest has (--share-pages)\n";
    ssize_t written;

    (void)number;
    zp_terminal_restore();
    written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    _exit(1);
}

static int map_pages(struct zp_ram *ram, int fd, uint64_t offset, void *host, uint64_t size)
{
    if (offset % PAGE_SIZE != 0 || ram->mappings == MAPPINGS_MAX || !holds(fd, offset, size))
        return 1;
    if (mmap(host, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
             (off_t)offset) == MAP_FAILED)
        /* Out of memory, what was there before may be gone. */
        return errno == ENOMEM ? -ENOMEM : 1;
    madvise(host, (size_t)size, MADV_DONTDUMP);
    ram->mappings++;
    ram->mapped_bytes += size;
    return 0;
}

/* 1 when the file gives less: reading tells why. */
static int copy_pages(struct zp_ram *ram, int fd, uint64_t offset, const void *host, uint64_t size)
{
    off_t from = (off_t)offset;
    ssize_t done;

    if (lseek(ram->fd, (const char *)host - (const char *)ram->host, SEEK_SET) < 0)
        return 1;
    while (size > 0) {
        done = sendfile(ram->fd, fd, &from, (size_t)size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return 1;
        size -= (uint64_t)done;
    }
    return 0;
}

static int take_pages(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address,
                      uint64_t size)
{
    struct zp_ram *ram = context;
    uint64_t base = 0;
    bool is_stable = false;
    int fd = zp_source_descriptor(source, &base, &is_stable);
    void *host = zp_guest_pointer(&ram->guest, address, size);

    if (fd < 0 || !host || offset > (uint64_t)INT64_MAX - base || size > (uint64_t)INT64_MAX - base - offset)
        return 1;
    if (ram->fd >= 0)
        return copy_pages(ram, fd, base + offset, host, size);
    if (!is_stable && !ram->takes_any_file)
        return 1;
    return map_pages(ram, fd, base + offset, host, size);
}

void zp_ram_take_pages(struct zp_ram *ram, bool any_file)
{
    struct sigaction cut = {.sa_handler = die_of_a_cut_file};

    if (any_file)
        sigaction(SIGBUS, &cut, NULL);
    ram->takes_any_file = any_file;
    ram->guest.map = take_pages;
    ram->guest.map_context = ram;
}
