/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosted helpers around the core: files as byte sources, and room that grows until the core is content.
 * Nothing here prints or exits; failures are errno values or zp_error.
 */
#ifndef ZP_HOST_HOST_H
#define ZP_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/plan.h>
#include <zeropage/zeropage.h>

/*
 * A regular file (or block device) as a byte source, read by pread. A file cut while in use fails its reads
 * with -ENODATA. The struct may be moved.
 */
struct zp_file {
    struct zp_source source;
    int fd;     /* a section's is the whole file's */
    char *name; /* owned */
};

/*
 * 0, or a positive errno value (EISDIR for a folder, EFBIG for a stream past 1 GiB). A pipe or other stream
 * is read whole into a memfd.
 */
int zp_file_open(struct zp_file *ret_file, const char *name);
/* A bounded part of another file: the same descriptor, offsets of its own. The file must stay open. 0, EINVAL
 * for a part outside of it, or ENOMEM. Closed by zp_file_close, which leaves the descriptor alone. */
int zp_file_section(struct zp_file *ret_section, const struct zp_file *file, uint64_t offset, uint64_t size);
/* A zeroed or closed struct is left alone. */
void zp_file_close(struct zp_file *file);

/*
 * The descriptor behind a source made by this library, or -1 with nothing else set. *ret_base: where the
 * source begins in it. *ret_stable: nobody can change or cut the bytes (a sealed memory file, or an entry of
 * our cache), so they may be mapped; a user's file is not.
 */
int zp_source_descriptor(const struct zp_source *source, uint64_t *ret_base, bool *ret_stable);

/* A plan with room of its own. 0, ENOMEM, or a negative zp_status with *ret_error. */
struct zp_made_plan {
    struct zp_plan plan;
    struct zp_plan_room room;
};
int zp_made_plan_make(struct zp_made_plan *ret_made, const struct zp_image *image,
                      const struct zp_machine *machine, const struct zp_request *request,
                      struct zp_error *ret_error);
void zp_made_plan_free(struct zp_made_plan *made);

/* "512M", "2G", "0x4000000", "1048576": bytes; K, M, G, T are powers of 1024. false: not a size or past 64
 * bits. */
bool zp_size_parse(const char *text, uint64_t *ret_size);
/* "512 MiB", "13.5 MiB", "4096 B" (bytes below 10000); returns buffer, for which 32 bytes are plenty. */
char *zp_size_format(uint64_t size, char *buffer, size_t buffer_size);

/* Nearest symbol at or below a link address in an ELF's symbol table. false: none. */
bool zp_elf_symbol(const struct zp_image *image, uint64_t address, char *name, size_t name_size,
                   uint64_t *ret_offset);

/*
 * The error in prose, "vmlinuz: setup header at 0x260: init_size 0xffffffff exceeds RAM (512 MiB)", ended by
 * what to do where there is something to do. Returns text.
 */
char *zp_error_explain(const struct zp_error *error, const char *file_name, char *text, size_t text_size);
/* A decision as a sentence. Returns text. */
char *zp_decision_explain(const struct zp_decision *decision, char *text, size_t text_size);

#endif
