/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of boot entries: a file system of memory, a menu, and what was noted. */
#ifndef ZP_TESTS_FW_MENU_H
#define ZP_TESTS_FW_MENU_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entry.h"
#include "fw_host.h"
#include "fw_tree.h"

#define MEMORY_SIZE (1u << 20)
#define MEMORY_BYTE 0xa5

struct fixture {
    struct fw_tree tree;
    struct fw_arena arena;
    struct fw_menu menu;
};

static inline void begin(struct fixture *fixture)
{
    static unsigned char memory[MEMORY_SIZE] __attribute__((aligned(16)));

    memset(memory, MEMORY_BYTE, sizeof(memory));
    fixture->arena = (struct fw_arena){.bytes = memory, .size = sizeof(memory)};
    fw_tree_begin(&fixture->tree, &fixture->arena);
    assert_int_equal(fw_menu_begin(&fixture->menu, &fixture->arena), 0);
    fw_host_forget();
}

static inline void end(struct fixture *fixture)
{
    bool spoiled = false;

    /* A test may have made the arena smaller. */
    for (size_t i = fixture->arena.size; i < MEMORY_SIZE; i++)
        spoiled |= fixture->arena.bytes[i] != MEMORY_BYTE;
    assert_false(spoiled);
    fw_tree_end(&fixture->tree);
}

static inline size_t notes(void)
{
    size_t count = 0;

    for (const char *byte = fw_host_notes; *byte; byte++)
        count += *byte == '\n';
    return count;
}

/* The ids in the order of the menu, each with a ' ' behind it. */
static inline const char *ids(const struct fw_menu *menu)
{
    static char text[8192];
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < menu->count; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s ", menu->entries[i].id);
    return text;
}

#endif
