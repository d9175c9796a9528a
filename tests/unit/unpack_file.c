/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack_file FILE OFFSET LENGTH COMPRESSION SIZE THREADS: unpacks a part of FILE to stdout, for the tests
 * that compare with other tools. COMPRESSION is its number; SIZE 1: the size stands behind the stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unpack.h"

static int write_out(const struct zp_file *file)
{
    static char piece[65536];

    for (uint64_t at = 0; at < file->source.size; at += sizeof(piece)) {
        uint64_t rest = file->source.size - at;
        size_t size = rest < sizeof(piece) ? (size_t)rest : sizeof(piece);

        if (file->source.read(file->source.context, at, piece, size) != 0 ||
            fwrite(piece, 1, size, stdout) != size)
            return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct zp_unpack asked = {.limit = UINT64_C(1) << 30};
    struct zp_file file, unpacked;
    struct zp_error error = {0};
    char text[512];
    int status;

    if (argc != 7 || zp_file_open(&file, argv[1]) != 0)
        return 2;
    asked.source = &file.source;
    asked.offset = strtoull(argv[2], NULL, 0);
    asked.length = strtoull(argv[3], NULL, 0);
    asked.compression = (uint32_t)strtoul(argv[4], NULL, 0);
    asked.has_size = argv[5][0] == '1';
    asked.threads = (unsigned)strtoul(argv[6], NULL, 0);
    status = zp_unpack_file(&asked, &unpacked, &error);
    if (status != 0) {
        fprintf(stderr, "%s\n",
                status < 0 ? zp_error_explain(&error, argv[1], text, sizeof(text)) : strerror(status));
        return 1;
    }
    status = write_out(&unpacked);
    zp_file_close(&unpacked);
    zp_file_close(&file);
    return status;
}
