/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the packer's own files share: sentences, reading and writing, the checksum in pieces, and the parts of
 * a packed file between build.c and those who make them.
 */
#ifndef ZP_PACK_PACKING_H
#define ZP_PACK_PACKING_H

#include "pack.h"

#define ZP_PACK_SECTOR      512u
#define ZP_PACK_PAGE        4096u
#define ZP_PACK_GRAIN       16u                 /* of the payload and its parts; syssize counts in it */
#define ZP_PACK_LEAST       (UINT64_C(1) << 20) /* BIOSes do not boot disks that are shorter */
#define ZP_PACK_PAYLOAD_MAX (UINT64_C(3) << 29)
#define ZP_PACK_CMDLINE_MAX 8191u /* the stub holds so many bytes of command line, without NUL */
#define ZP_PACK_TYPE_ESP    0xefu /* MBR types */
#define ZP_PACK_TYPE_BODY   0xdau /* "non-file-system data": the body where no ESP holds it */

/* Where an error goes. */
struct zp_pack_say {
    char *text;
    size_t size;
};

/* Writes the sentence; always -1. */
int zp_pack_fail(const struct zp_pack_say *say, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline uint64_t zp_pack_align(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

/* 0 or a negative errno value. */
int zp_pack_put(int fd, uint64_t offset, const void *bytes, size_t size);

/* zp_pack_checksum of bytes that come in pieces, all but the last of a multiple of 4 bytes. */
struct zp_pack_sum {
    uint64_t low, high;
};
void zp_pack_sum_add(struct zp_pack_sum *sum, const void *bytes, size_t size);
uint64_t zp_pack_sum_end(const struct zp_pack_sum *sum);

/* What a loader may add to the built-in command line, with the space between. */
static inline uint32_t zp_pack_cmdline_left(const struct zp_pack_payload *payload)
{
    uint32_t used = payload->cmdline_length ? payload->cmdline_length + 1 : 0;

    return used < payload->cmdline_max ? payload->cmdline_max - used : 0;
}

/* kernel.c: how the kernel is entered and what that takes. */
struct zp_pack_kernel {
    uint32_t entry; /* enum zp_protocol as the plan has it */
    uint32_t told;
    uint64_t home, home_size;
    uint32_t cmdline_max;   /* longest command line that kernel and stub take */
    enum zp_pack_stub stub; /* the smallest that will do, stored and without EFI */
};
int zp_pack_judge(const struct zp_pack_request *request, struct zp_pack_kernel *ret_kernel,
                  const struct zp_pack_say *say);

/* compress.c: memory to be freed. */
struct zp_pack_progress {
    void (*call)(void *context, uint64_t done, uint64_t all);
    void *context;
    uint64_t done, all;
};
void zp_pack_tell(struct zp_pack_progress *progress, uint64_t more);
int zp_pack_compress(const struct zp_pack_request *request, unsigned char **ret_bytes, size_t *ret_size,
                     struct zp_pack_progress *progress, const struct zp_pack_say *say);

/* fat.c: a volume with two files, each in one run of clusters. */
struct zp_pack_fat {
    uint64_t at, size; /* in the file; sectors */
    uint32_t id;
    uint32_t cluster_sectors, cluster_count, fat_sectors;
    bool fat16;
    uint64_t efi_at, efi_size;         /* \EFI\BOOT\BOOTX64.EFI */
    uint64_t payload_at, payload_size; /* \EFI\BOOT\PAYLOAD.ZP */
    uint64_t head_size;                /* from `at` to the first file's bytes: what zp_pack_fat_fill makes */
};
/* at: a multiple of a sector. The smallest volume that holds both. */
void zp_pack_fat_plan(struct zp_pack_fat *ret_fat, uint64_t at, uint64_t efi_size, uint64_t payload_size);
void zp_pack_fat_fill(const struct zp_pack_fat *fat, unsigned char *head);

/* headers.c: numbers of a file from which its headers follow. */
struct zp_pack_shape {
    uint32_t flavour;
    uint64_t loaded_end; /* in the file: end of the payload, or of the body where there is none */
    uint64_t memory;     /* from the body's start: work and what the stub needs there */
    uint32_t cmdline_size;
    bool multiboot, handover;
};
void zp_pack_headers(unsigned char *front, const struct zp_pack_shape *shape);
/* index from 0; offsets and sizes in sectors. */
void zp_pack_partition_set(unsigned char *front, size_t index, uint8_t type, uint64_t sector,
                           uint64_t sectors);
void zp_pack_setup_balance(unsigned char *front);
uint32_t zp_pack_setup_sum(const unsigned char *front);

/* partition.c: a file system into the packed file, holes as holes. */
int zp_pack_partition_copy(const struct zp_pack_partition *partition, int out, uint64_t offset,
                           struct zp_pack_progress *progress, const struct zp_pack_say *say);

#endif
