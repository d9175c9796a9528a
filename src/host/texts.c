/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts in an unpacked Linux kernel, found by their marks as scripts/extract-ikconfig finds them: no header
 * leads there. Receives the kernel's bytes, reads them once in overlapping pieces, and believes a mark only
 * with what must follow it: a gzip member behind IKCFG_ST and IKCFG_ED behind that, a digit behind
 * "Linux version ".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"

#define PIECE   ((size_t)1 << 20)
#define OVERLAP 32u /* longer than any mark with what must follow it */

static const char config_start[] = "IKCFG_ST\x1f\x8b";
static const char config_end[] = "IKCFG_ED";
static const char banner[] = "Linux version ";
#define MARK 8u /* of a configuration's two marks */

/* The first mark at or behind *from of the piece; SIZE_MAX: none. */
static size_t find(const char *piece, size_t size, size_t from, const char *mark, size_t mark_size)
{
    const char *found = from < size ? memmem(piece + from, size - from, mark, mark_size) : NULL;

    return found ? (size_t)(found - piece) : SIZE_MAX;
}

static void search(const char *piece, size_t size, uint64_t at, struct zp_kernel_texts *texts)
{
    size_t from = 0, place;

    while (texts->banner_offset == 0 &&
           (place = find(piece, size, from, banner, sizeof(banner) - 1)) != SIZE_MAX) {
        char next = place + sizeof(banner) - 1 < size ? piece[place + sizeof(banner) - 1] : '\0';

        if (next >= '0' && next <= '9')
            texts->banner_offset = at + place;
        from = place + 1;
    }
    from = 0;
    if (texts->config_offset == 0 &&
        (place = find(piece, size, 0, config_start, sizeof(config_start) - 1)) != SIZE_MAX) {
        texts->config_offset = at + place + MARK;
        from = place + MARK;
    }
    if (texts->config_offset && texts->config_size == 0 &&
        (place = find(piece, size, from, config_end, sizeof(config_end) - 1)) != SIZE_MAX &&
        at + place > texts->config_offset)
        texts->config_size = at + place - texts->config_offset;
}

int zp_kernel_texts_find(const struct zp_source *source, struct zp_kernel_texts *ret_texts,
                         struct zp_error *ret_error)
{
    struct zp_kernel_texts texts = {0};
    char *piece = malloc(PIECE);
    int status = piece ? 0 : ENOMEM;

    for (uint64_t at = 0; status == 0 && at < source->size; at += PIECE - OVERLAP) {
        size_t size = source->size - at < PIECE ? (size_t)(source->size - at) : PIECE;
        int answer = source->read(source->context, at, piece, size);

        if (answer != 0) {
            *ret_error = (struct zp_error){.code = ZP_ERR_READ,
                                           .field = ZP_FIELD_FILE,
                                           .offset = at,
                                           .value = size,
                                           .limit = (uint64_t)-answer};
            status = ZP_ERR_READ;
        } else
            search(piece, size, at, &texts);
        if (size < PIECE)
            break;
    }
    free(piece);
    if (texts.config_size == 0)
        texts.config_offset = 0;
    if (status == 0)
        *ret_texts = texts;
    return status;
}
