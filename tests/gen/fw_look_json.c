/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of JSON, and texts of any bytes in them. */
#include "fw_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void look_line(struct json_object *line)
{
    puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(line);
}

struct json_object *look_text(const char *text)
{
    size_t size = 0, length = strlen(text);
    char *clean = malloc(length * 2 + 1);
    struct json_object *made;

    /* Bytes from 0x80 on as if they were Latin-1: any bytes come back as they were. */
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte < 0x80) {
            clean[size++] = (char)byte;
        } else {
            clean[size++] = (char)(0xc0 | byte >> 6);
            clean[size++] = (char)(0x80 | (byte & 0x3f));
        }
    }
    made = json_object_new_string_len(clean, (int)size);
    free(clean);
    return made;
}
