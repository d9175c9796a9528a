/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack: one file that boots everywhere, made of a kernel, a command line and initrds (layout.h); editing such
 * a file in place; telling what is in one. Hosted. Nothing here prints; errors are sentences that name file,
 * field and offset.
 */
#ifndef ZP_PACK_PACK_H
#define ZP_PACK_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/zeropage.h>

#include "layout.h"

#define ZP_PACK_PARTITION_MAX 2

struct zp_pack_partition {
    const struct zp_source *source;
    const char *name; /* file name, for errors */
    uint8_t type;     /* MBR type; 0x83 by default */
};

struct zp_pack_request {
    const struct zp_source *kernel;
    const char *kernel_name, *output_name; /* file names, for errors */
    const char *cmdline;                   /* "" for none */
    uint32_t cmdline_room;                 /* bytes, 0: ZP_PACK_CMDLINE_ROOM or what the command line needs */
    const struct zp_source *const *initrds;
    const char *const *initrd_names;
    size_t initrd_count;
    uint64_t initrd_room; /* bytes that --set-initrd may fill later; 0: as given */
    uint32_t compression; /* enum zp_pack_compression */
    uint32_t flavour;     /* enum zp_pack_flavour */
    bool esp;             /* ELF flavour only */
    bool multiboot;       /* headers of versions 1 and 2 */
    uint32_t entry;       /* enum zp_protocol, 0: what the image offers */
    const struct zp_pack_partition *partitions;
    size_t partition_count;
};
#define ZP_PACK_CMDLINE_ROOM 2048u

/* What a packed file has in it; from zp_pack_read. */
struct zp_packed {
    uint32_t flavour;
    uint64_t body_size; /* body and payload, bytes in the file from ZP_PACK_BODY on */
    struct zp_pack_body body;
    uint64_t payload_at; /* file offset */
    struct zp_pack_payload payload;
    char *cmdline; /* owned */
    bool esp, multiboot;
    uint64_t esp_at, esp_size; /* in the file */
    struct {
        uint64_t at, size;
        uint8_t type;
    } partitions[ZP_PACK_PARTITION_MAX];
    size_t partition_count;
    uint64_t loaded_end; /* file offset at which the payload ends; what follows is the tail */
    uint64_t file_size;
};

/* How the bytes came to be, for the report after packing and for tests. */
struct zp_pack_sizes {
    uint64_t file, kernel, kernel_stored, initrds, front, body, efi_stub, fat, padding, partitions;
    uint64_t rooms; /* the payload's header, and what is kept for other command lines and initrds */
    uint32_t disk_signature;
};

/*
 * Writes the file whole to descriptor out (positioned writes from 0; out is empty). 0, or -1 with a sentence
 * in error. progress: called with bytes done and in all, or NULL.
 */
int zp_pack_write(const struct zp_pack_request *request, int out, struct zp_pack_sizes *ret_sizes,
                  void (*progress)(void *context, uint64_t done, uint64_t all), void *context, char *error,
                  size_t error_size);

/*
 * Reads the description of a packed file and checks bounds (not the checksums). 1: it is one, 0: it is none,
 * -1 with a sentence: it is one and spoiled. zp_packed_free frees what *ret owns.
 */
int zp_pack_read(const struct zp_source *file, struct zp_packed *ret, char *error, size_t error_size);
void zp_packed_free(struct zp_packed *packed);

/* Both checksums and the setup sum. 0, or -1 with a sentence. */
int zp_pack_verify(const struct zp_source *file, const struct zp_packed *packed, char *error,
                   size_t error_size);

/*
 * In place, sealed anew; a file of the ELF flavour with an ESP has the payload once, so that is all. Nothing
 * is written when it does not fit. fd: open for reading and writing.
 */
int zp_pack_set_cmdline(int fd, const char *cmdline, char *error, size_t error_size);
int zp_pack_set_initrd(int fd, const struct zp_source *initrd, char *error, size_t error_size);

/* The stubs that are built in (blobs.S): a front of ZP_PACK_BODY bytes for each flavour, a body for each use.
 */
struct zp_pack_blob {
    const unsigned char *bytes;
    size_t size;
};
enum zp_pack_stub {
    ZP_PACK_STUB_BZIMAGE,   /* stored bzImage, no EFI: the smallest that will do */
    ZP_PACK_STUB_ELF,       /* stored ELF entered by a Linux entry or PVH, no EFI */
    ZP_PACK_STUB_MULTIBOOT, /* stored kernel entered by multiboot 1 or 2, no EFI */
    ZP_PACK_STUB_FULL,      /* any stored kernel, any way in */
    ZP_PACK_STUB_LZ4,       /* FULL and LZ4 */
    ZP_PACK_STUB_ZSTD       /* FULL and zstd */
};
/* blobs.c */
struct zp_pack_blob zp_pack_front(uint32_t flavour);
struct zp_pack_blob zp_pack_body_blob(enum zp_pack_stub stub);

#endif
