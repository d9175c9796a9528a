/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image as a user names it, opened down to its kernel:
 *
 *     file ─> what a compressed file unpacks to ─> section .linux of a UKI ─> image ─> inner image
 *
 * At most one compressed file and one UKI, in either order, stand between the file and the image. The inner
 * image is the ELF in the payload of a bzImage; it is unpacked when zp_opened_image_direct asks for it.
 */
#ifndef ZP_HOST_OPENED_H
#define ZP_HOST_OPENED_H

#include "cache.h"
#include "host.h"

/* How to unpack. NULL where a pointer to one is taken means {0}. */
struct zp_opening {
    uint64_t limit;         /* a kernel may have so many bytes, unpacked: RAM; 0: ZP_OPENING_LIMIT */
    struct zp_cache *cache; /* NULL: none */
    /* May be NULL. total 0: unknown; both 0: the end, however it came. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *progress_context;
    bool examine; /* a file that is refused is opened as well: see zp_opened_image.refusal */
};
#define ZP_OPENING_LIMIT (UINT64_C(1) << 30) /* of compressed files too, whatever the limit */

#define ZP_INSIDE_SIZE 40u

/* Sections of a UKI (UAPI "Unified Kernel Image") besides .linux that a boot or a person wants. */
enum zp_uki_part {
    ZP_UKI_UCODE, /* an initrd that comes before any other */
    ZP_UKI_INITRD,
    ZP_UKI_CMDLINE,
    ZP_UKI_OSREL,
    ZP_UKI_UNAME,
    ZP_UKI_PART_COUNT
};
/* ".initrd" and so on. */
const char *zp_uki_part_name(enum zp_uki_part part);

struct zp_uki {
    bool present;
    bool packed;                              /* the UKI is what the file unpacks to */
    struct zp_pe pe;                          /* its headers */
    uint64_t linux_offset, linux_size;        /* in the file that is the UKI */
    struct zp_file parts[ZP_UKI_PART_COUNT];  /* name NULL: there is none, or it is empty */
    uint64_t part_offsets[ZP_UKI_PART_COUNT]; /* in that file */
};

/* Of a file that is a UKI. 0, a positive errno value, or a negative zp_status with *ret_error. */
int zp_uki_open(struct zp_uki *ret_uki, const struct zp_file *file, struct zp_error *ret_error);
void zp_uki_close(struct zp_uki *uki);

/* All sections of a PE file, in memory to be freed: the same answers. */
int zp_pe_sections_read(const struct zp_source *source, struct zp_pe_section **ret_sections,
                        size_t *ret_count, struct zp_error *ret_error);

/* The certificates of a PE file, which may lie anywhere. false: it has none. */
bool zp_pe_security(const struct zp_source *source, uint64_t *ret_offset, uint64_t *ret_size);

/*
 * What a Linux kernel, unpacked, tells of itself (linux_banner; kernel/configs.c). Offsets are 0 where there
 * is nothing: neither lies at the start of an ELF.
 */
struct zp_kernel_texts {
    uint64_t banner_offset; /* "Linux version ...", to a newline */
    uint64_t config_offset; /* gzip, between IKCFG_ST and IKCFG_ED */
    uint64_t config_size;
};
/* Reads the whole of it once. 0, a positive errno value, or a negative zp_status with *ret_error. */
int zp_kernel_texts_find(const struct zp_source *source, struct zp_kernel_texts *ret_texts,
                         struct zp_error *ret_error);

/* The ELF in the payload. */
struct zp_inner_image {
    bool tried;
    int status; /* once tried: 0, or why there is none */
    struct zp_error error;
    struct zp_file file; /* sealed memory, or a file of the cache */
    bool cached;         /* it was in the cache */
    struct zp_image image;
    struct zp_image_room room;
    char inside[ZP_INSIDE_SIZE]; /* what inside the file the error speaks of */
};

/* The image points at itself: do not move it while it is open. */
struct zp_opened_image {
    struct zp_file file;     /* as named */
    uint32_t compression;    /* enum zp_compression of the compressed file on the way; NONE: no such */
    struct zp_file unpacked; /* what came out of it */
    struct zp_uki uki;
    struct zp_file linux_file; /* .linux */
    struct zp_image image;
    struct zp_image_room room;
    /* With zp_opening.examine: why the image is refused, code ZP_OK when it is not. Then the image has what
     * could be found out of it (source NULL: nothing), and is for zp_verdicts alone. */
    struct zp_error refusal;
    struct zp_inner_image inner;
    int cache_error; /* why the cache could not be used, an errno value; 0: it could */
    /* What inside the file the image is, "unpacked: .linux"; "": the file itself. After an open that failed,
     * what the error speaks of. */
    char inside[ZP_INSIDE_SIZE];
};

/*
 * 0; a positive errno value when the file cannot be opened or memory is short; a negative zp_status with
 * *ret_error, which then speaks of what `inside` names.
 */
int zp_opened_image_open(struct zp_opened_image *opened, const char *name, const struct zp_opening *opening,
                         struct zp_error *ret_error);
void zp_opened_image_close(struct zp_opened_image *opened);

/*
 * Unpacks the payload of a bzImage, once, and inspects the ELF in it into opened->inner. No more may come out
 * than init_size (ZP_ERR_TOO_LARGE) and the opening's limit (ZP_ERR_NO_SPACE) allow. ZP_ERR_NO_PAYLOAD for an
 * image without one; what else zp_unpack_file and zp_inspect answer; the same answer each time.
 */
int zp_opened_image_direct(struct zp_opened_image *opened, const struct zp_opening *opening,
                           struct zp_error *ret_error);

/* Why the cache could not be used, in words; NULL: it could, or there is none. */
const char *zp_opened_image_cache_why(const struct zp_opened_image *opened);

/* The source of the UKI in an opened image. */
const struct zp_file *zp_opened_image_uki_file(const struct zp_opened_image *opened);

/* One step on, from "unpacked" to "unpacked: .linux"; inside has ZP_INSIDE_SIZE bytes. */
void zp_inside_enter(char *inside, const char *what);
/* "xen.gz: unpacked" for what is inside a file; either may be "". Returns text. */
char *zp_inside_name(const char *name, const char *inside, char *text, size_t text_size);

#endif
