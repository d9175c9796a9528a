/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan as a drawing (SVG 1.1), addresses growing downwards as in the table. On the left a strip to scale;
 * in the middle each row of the map as a box whose height grows with the logarithm of its size, long
 * stretches without a span broken by a zigzag. No box is lower than a line of text, so that the address on
 * its left and the label on its right have room of their own whatever the plan. Same plan, same bytes:
 * whole pixels only, no dates.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "map.h"
#include "plan_view.h"

enum {
    WIDTH = 860,
    TOP = 84, /* of the map, under the title */
    STRIP_X = 24,
    STRIP_WIDTH = 22,
    AXIS_X = 216, /* right edge of the addresses */
    BOX_X = 226,
    BOX_WIDTH = 190,
    LABEL_X = 440,
    LINE_HEIGHT = 16, /* of a box at least */
    BREAK_HEIGHT = 30,
    LEGEND_CHARACTER = 7,
    LEGEND_MARK = 16,
    LEGEND_GAP = 22
};

#define BREAK_FROM (UINT64_C(4) << 20) /* free stretches longer than this are broken */

static const struct {
    const char *name;
    const char *fill;
} groups[CLI_GROUP_COUNT] = {
    [CLI_GROUP_KERNEL] = {"kernel", "#4878a8"},  [CLI_GROUP_RESERVED_KERNEL] = {"kernel's room", "#b3cde3"},
    [CLI_GROUP_INITRD] = {"initrd", "#6aa84f"},  [CLI_GROUP_HANDOFF] = {"handoff", "#e69138"},
    [CLI_GROUP_CPU] = {"CPU tables", "#8e63a8"}, [CLI_GROUP_BLOB] = {"ACPI, blobs", "#c0504d"},
};

#define FILL_FREE     "#ffffff"
#define FILL_RESERVED "#c8c8c8"
#define FILL_HOLE     "#eeeeee"

struct drawn {
    const struct cli_row *row;
    int y, height;
    bool broken;
};

static const char *row_fill(const struct cli_row *row)
{
    switch (row->kind) {
    case CLI_ROW_SPAN: return groups[cli_span_group(row->span->kind)].fill;
    case CLI_ROW_RESERVED:
    case CLI_ROW_BUSY: return FILL_RESERVED;
    case CLI_ROW_HOLE: return FILL_HOLE;
    case CLI_ROW_FREE: break;
    }
    return FILL_FREE;
}

static bool row_is_broken(const struct cli_row *row)
{
    return row->kind != CLI_ROW_SPAN && row->end - row->start > BREAK_FROM;
}

/* One line of text for up to a page, 4 pixels more for each doubling. */
static int row_height(const struct cli_row *row)
{
    int bits = 0;
    if (row_is_broken(row))
        return BREAK_HEIGHT;
    for (uint64_t pages = (row->end - row->start) >> 12; pages > 1; pages >>= 1)
        bits++;
    return LINE_HEIGHT + 4 * bits;
}

/* What is text to SVG: the three characters that XML takes for markup. */
static void put_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '&': fputs("&amp;", stream); break;
        default: fputc(*text, stream);
        }
    }
}

static void text_at(FILE *stream, int x, int y, const char *attributes, const char *text)
{
    fprintf(stream, "<text x=\"%d\" y=\"%d\" %s>", x, y, attributes);
    put_text(stream, text);
    fputs("</text>\n", stream);
}

/* y for an address on the strip, which has no breaks. */
static int strip_y(uint64_t address, uint64_t end, int height)
{
    return TOP + (int)((double)address / (double)end * height);
}

static void draw_strip(FILE *stream, const struct cli_map *map, int height)
{
    char size[32];
    fprintf(stream, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", STRIP_X, TOP,
            STRIP_WIDTH, height, FILL_FREE);
    for (size_t i = 0; i < map->row_count; i++) {
        const struct cli_row *row = &map->rows[i];
        int y = strip_y(row->start, map->end, height);
        int low = strip_y(row->end, map->end, height);
        if (row->kind == CLI_ROW_FREE || (row->kind != CLI_ROW_SPAN && low == y))
            continue;
        fprintf(stream, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n", STRIP_X, y,
                STRIP_WIDTH, low > y ? low - y : 1, row_fill(row));
    }
    fprintf(stream, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#404040\"/>\n",
            STRIP_X, TOP, STRIP_WIDTH, height);
    text_at(stream, STRIP_X, TOP - 8, "class=\"s\"", "to scale");
    text_at(stream, BOX_X, TOP - 8, "class=\"s\"", "not to scale");
    text_at(stream, STRIP_X, TOP + height + 15, "class=\"s\"", zp_size_format(map->end, size, sizeof size));
}

/* Two teeth across the box, in white over its outline, where memory is left out. */
static void draw_break(FILE *stream, const struct drawn *drawn)
{
    int middle = drawn->y + drawn->height / 2;
    for (int offset = -3; offset <= 3; offset += 6) {
        fprintf(stream, "<polyline fill=\"none\" stroke=\"#909090\" points=\"");
        for (int x = 0; x <= BOX_WIDTH; x += 10)
            fprintf(stream, "%d,%d ", BOX_X + x, middle + offset + (x / 10 % 2 ? -3 : 3));
        fputs("\"/>\n", stream);
    }
}

static void draw_box(FILE *stream, const struct drawn *drawn)
{
    const struct cli_row *row = drawn->row;
    fprintf(stream, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#404040\"/>\n",
            BOX_X, drawn->y, BOX_WIDTH, drawn->height, row_fill(row));
    if (drawn->broken)
        draw_break(stream, drawn);
}

static void draw_label(FILE *stream, const struct drawn *drawn, const struct zp_plan *plan)
{
    const struct cli_row *row = drawn->row;
    char name[64];
    char size[32];
    char label[128];
    int middle = drawn->y + drawn->height / 2;
    fprintf(stream, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#b0b0b0\"/>\n", BOX_X + BOX_WIDTH,
            middle, LABEL_X - 4, middle);
    snprintf(label, sizeof label, "%s%s, %s", cli_row_name(row, plan, name, sizeof name),
             row->kind == CLI_ROW_SPAN && row->span->pinned ? " (pinned)" : "",
             zp_size_format(row->end - row->start, size, sizeof size));
    text_at(stream, LABEL_X, middle + 4, row->kind == CLI_ROW_SPAN ? "class=\"l\"" : "class=\"f\"", label);
}

static void draw_address(FILE *stream, uint64_t address, int y)
{
    char text[24];
    snprintf(text, sizeof text, "0x%08" PRIx64, address);
    text_at(stream, AXIS_X, y + 4, "class=\"a\"", text);
    fprintf(stream, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#404040\"/>\n", AXIS_X + 4, y,
            BOX_X, y);
}

static int draw_legend_entry(FILE *stream, int x, int y, const char *fill, const char *name)
{
    fprintf(stream, "<rect x=\"%d\" y=\"%d\" width=\"11\" height=\"11\" fill=\"%s\" stroke=\"#404040\"/>\n",
            x, y - 10, fill);
    text_at(stream, x + LEGEND_MARK, y, "class=\"s\"", name);
    return x + LEGEND_MARK + (int)strlen(name) * LEGEND_CHARACTER + LEGEND_GAP;
}

static void draw_legend(FILE *stream, int y)
{
    int x = STRIP_X;
    for (int i = 0; i < CLI_GROUP_COUNT; i++)
        x = draw_legend_entry(stream, x, y, groups[i].fill, groups[i].name);
    x = draw_legend_entry(stream, x, y, FILL_RESERVED, "reserved");
    draw_legend_entry(stream, x, y, FILL_HOLE, "no memory");
}

static void draw_title(FILE *stream, const struct zp_plan *plan, const char *image_name, uint64_t ram_size)
{
    char name[72];
    char size[32];
    char line[160];
    char bases[96] = "";
    /* A long path loses its folders first. */
    const char *base = image_name;
    for (const char *at = image_name; *at; at++)
        if (*at == '/' && at[1])
            base = at + 1;
    cli_escape(base, strlen(base), name, 60);
    text_at(stream, STRIP_X, 30, "class=\"t\"", name);
    if (plan->virtual_base)
        snprintf(bases, sizeof bases, ", virtual base 0x%" PRIx64 "%s", plan->virtual_base,
                 plan->virtual_delta ? " (moved)" : "");
    snprintf(line, sizeof line, "%s on %s of RAM; entered at 0x%" PRIx64 "%s",
             zp_protocol_name(plan->protocol), zp_size_format(ram_size, size, sizeof size), plan->state.rip,
             bases);
    text_at(stream, STRIP_X, 52, "class=\"l\"", line);
}

static void draw_head(FILE *stream, int height)
{
    fprintf(stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
            "<style>\n"
            "text { font-family: 'DejaVu Sans Mono', monospace; fill: #202020; }\n"
            ".t { font-size: 18px; font-weight: bold; }\n"
            ".l { font-size: 12px; }\n"
            ".f { font-size: 12px; fill: #707070; }\n"
            ".a { font-size: 11px; text-anchor: end; }\n"
            ".s { font-size: 11px; }\n"
            "</style>\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
}

void cli_plan_svg(const struct zp_plan *plan, const char *image_name, uint64_t ram_size, FILE *stream)
{
    struct cli_map map;
    cli_map_make(&map, plan);
    struct drawn *drawn = cli_grow(NULL, map.row_count, sizeof *drawn);
    int bottom = TOP;
    for (size_t i = 0; i < map.row_count; i++) {
        const struct cli_row *row = &map.rows[i];
        drawn[i] = (struct drawn){row, bottom, row_height(row), row_is_broken(row)};
        bottom += drawn[i].height;
    }
    int legend_y = bottom + 48;
    draw_head(stream, legend_y + 20);
    draw_title(stream, plan, image_name, ram_size);
    draw_strip(stream, &map, bottom - TOP);
    for (size_t i = 0; i < map.row_count; i++) {
        draw_box(stream, &drawn[i]);
        draw_address(stream, drawn[i].row->start, drawn[i].y);
        draw_label(stream, &drawn[i], plan);
    }
    draw_address(stream, map.end, bottom);
    draw_legend(stream, legend_y);
    fputs("</svg>\n", stream);
    free(drawn);
    cli_map_free(&map);
}
