/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain.c: every code with every field makes a whole sentence, each code its own; the texts that people
 * meet most are exact.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/load.h>

#include "host.h"

static void assert_whole(const char *text)
{
    size_t length = strlen(text);

    assert_true(length > 0);
    assert_null(strchr(text, '$'));
    assert_null(strchr(text, '%'));
    assert_null(strchr(text, '\n'));
    assert_null(strstr(text, "  "));
    assert_null(strstr(text, ": :"));
    assert_null(strstr(text, ": ;"));
    assert_null(strstr(text, "()"));
    assert_null(strstr(text, "unknown error"));
    assert_null(strstr(text, "no words"));
    assert_true(text[length - 1] != ' ' && text[length - 1] != ':' && text[length - 1] != ';' &&
                text[length - 1] != ',');
}

static bool known_code(int code)
{
    return code != ZP_OK && strcmp(zp_status_name(code), "unknown") != 0;
}

static void each_code_and_field_makes_a_sentence(void **state)
{
    char text[512];
    int codes = 0;

    (void)state;
    for (int code = -1; code > -200; code--) {
        if (!known_code(code))
            continue;
        codes++;
        for (uint32_t field = 0; field < 256; field++) {
            struct zp_error error = {code, field, 0x260, 7, 3};

            if (strcmp(zp_field_name(field), "unknown") == 0)
                continue;
            assert_ptr_equal(zp_error_explain(&error, "vmlinuz", text, sizeof(text)), text);
            assert_memory_equal(text, "vmlinuz: ", 9);
            assert_whole(text);
            error.offset = ZP_NO_OFFSET;
            zp_error_explain(&error, NULL, text, sizeof(text));
            assert_whole(text);
        }
    }
    assert_true(codes > 40);
}

static void each_code_has_its_own_sentence(void **state)
{
    char one[512], other[512];

    (void)state;
    for (int a = -1; a > -200; a--) {
        struct zp_error first = {a, ZP_FIELD_BOOT_PARAMS, ZP_NO_OFFSET, 7, 3};

        if (!known_code(a))
            continue;
        zp_error_explain(&first, NULL, one, sizeof(one));
        for (int b = a - 1; b > -200; b--) {
            struct zp_error second = first;

            if (!known_code(b))
                continue;
            second.code = b;
            assert_string_not_equal(one, zp_error_explain(&second, NULL, other, sizeof(other)));
        }
    }
}

static void important_texts_are_exact(void **state)
{
    static const struct {
        const char *file;
        struct zp_error error;
        const char *text;
    } rows[] = {
        {"vmlinuz",
         {ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE, 0x260, 0xffffffff, 512 << 20},
         "vmlinuz: setup header at 0x260: init_size 0xffffffff exceeds RAM (512 MiB)"},
        {"dir/xen.gz",
         {ZP_ERR_COMPRESSED, ZP_FIELD_MAGIC, 0, ZP_COMPRESSION_GZIP, 0},
         "dir/xen.gz: compressed with gzip; unpack it first, by gzip -dc"},
        {"kernel",
         {ZP_ERR_COMPRESSED, ZP_FIELD_MAGIC, 0, ZP_COMPRESSION_ZSTD, 0},
         "kernel: compressed with zstd; unpack it first, by zstd -dc"},
        {"uki.efi",
         {ZP_ERR_UKI, ZP_FIELD_PE_SECTION, 0x188, 0x4000, 14 << 20},
         "uki.efi: a unified kernel image with its kernel at 0x4000 (14 MiB); take that out: zeropage "
         "unpack --section .linux:FILE"},
        {"vmlinuz",
         {ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, ZP_NO_OFFSET, ZP_PROTOCOL_PVH,
          1 << ZP_PROTOCOL_LINUX16 | 1 << ZP_PROTOCOL_LINUX32 | 1 << ZP_PROTOCOL_LINUX64},
         "vmlinuz: protocol pvh is not offered, but linux16, linux32 and linux64; choose with --protocol"},
        {"vmlinuz",
         {ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE, ZP_NO_OFFSET, 3000, 2047},
         "vmlinuz: the command line has 3000 bytes, this kernel takes 2047; shorten it"},
        {"vmlinux",
         {ZP_ERR_TRUNCATED, ZP_FIELD_P_OFFSET, 0x48, 0x2000, 0x1000},
         "vmlinux: program header at 0x48: the segment ends at 0x2000, past the end of the file at 0x1000; "
         "is the "
         "file complete?"},
        {"k",
         {ZP_ERR_TOO_LARGE, ZP_FIELD_MB_LOAD_ADDR, 0x1010, 0x200000, 0x100000},
         "k: multiboot header at 0x1010: load_addr 0x200000 is too large, at most 0x100000 is allowed"},
        {"k",
         {ZP_ERR_NO_SPACE, ZP_FIELD_INITRD, ZP_NO_OFFSET, UINT64_C(64) << 20, 10 << 20},
         "k: no place for the initrd (64 MiB): the largest free gap where it may lie has 10 MiB; give more "
         "RAM with -m, or a smaller one"},
        {"k",
         {ZP_ERR_READ, ZP_FIELD_FILE, ZP_NO_OFFSET, 4096, ENODATA},
         "k: reading 4096 bytes failed: No data available; was the file cut or its disk removed?"},
        {"k", {ZP_ERR_EMPTY, ZP_FIELD_FILE, 0, 0, 0}, "k: the file is empty"},
        {"k",
         {ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL_ALIGNMENT, 0x230, 3, 0},
         "k: setup header at 0x230: kernel_alignment 0x3 is no power of two"},
        {NULL,
         {ZP_ERR_TOO_LARGE, ZP_FIELD_RAM, ZP_NO_OFFSET, UINT64_C(99999) << 40, UINT64_C(1) << 52},
         "RAM of 97.7 PiB is more than the 4 PiB that can be planned; give less with -m"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(zp_error_explain(&rows[i].error, rows[i].file, text, sizeof(text)), rows[i].text);
}

static void text_is_cut_to_its_room(void **state)
{
    const struct zp_error error = {ZP_ERR_EMPTY, ZP_FIELD_FILE, 0, 0, 0};
    char text[64];

    (void)state;
    for (size_t size = 1; size < sizeof(text); size++) {
        memset(text, 'x', sizeof(text));
        zp_error_explain(&error, "vmlinuz", text, size);
        assert_true(strlen(text) < size);
        assert_memory_equal(text, "vmlinuz: the file is empty", strlen(text));
    }
}

static void each_decision_has_its_own_sentence(void **state)
{
    static const uint32_t codes[] = {1,  2,  3,  4,  10, 11, 12, 13, 14, 15, 16, 20, 21,
                                     22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34};
    char texts[sizeof(codes) / sizeof(codes[0])][256];

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct zp_decision decision = {codes[i], ZP_FIELD_KERNEL, 3, 12};

        assert_whole(zp_decision_explain(&decision, texts[i], sizeof(texts[i])));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
        decision.b = 0;
        assert_whole(zp_decision_explain(&decision, texts[i], sizeof(texts[i])));
    }
}

/* Every reason why a base stays has its own words, and each of the bases is named. */
static void reasons_against_kaslr_are_told(void **state)
{
    static char texts[ZP_KASLR_NONE_SPOILED + 2][512];
    struct zp_decision decision = {ZP_DECISION_KASLR_NONE, ZP_FIELD_KASLR, 0, 0};
    char text[512];

    (void)state;
    for (uint64_t why = 0; why <= ZP_KASLR_NONE_SPOILED + 1; why++) {
        decision.a = why;
        zp_decision_explain(&decision, texts[why], sizeof(texts[why]));
        assert_int_equal(strstr(texts[why], "no words") == NULL, why >= 1 && why <= ZP_KASLR_NONE_SPOILED);
        for (uint64_t other = 1; why <= ZP_KASLR_NONE_SPOILED && other < why; other++)
            assert_string_not_equal(texts[other], texts[why]);
    }
    assert_string_equal(texts[0], texts[ZP_KASLR_NONE_SPOILED + 1]);
    decision.a = ZP_KASLR_NONE_CMDLINE;
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "no KASLR, for the command line says nokaslr");
    decision.a = ZP_KASLR_NONE_PINNED;
    decision.field = ZP_FIELD_KERNEL;
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "no KASLR for the physical base, for the kernel is pinned");
    decision.a = ZP_KASLR_NONE_NO_TABLE;
    decision.field = ZP_FIELD_VIRTUAL_BASE;
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "no KASLR for the virtual base, for the image has no relocation table");
}

static void decisions_tell_their_numbers(void **state)
{
    struct zp_decision decision = {ZP_DECISION_PROTOCOL_PREFERRED, ZP_FIELD_PROTOCOL, ZP_PROTOCOL_LINUX64,
                                   1 << ZP_PROTOCOL_LINUX16 | 1 << ZP_PROTOCOL_LINUX32};
    char text[256];

    (void)state;
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "protocol linux64, for it comes first; the image offers linux16 and linux32 as well");
    decision =
        (struct zp_decision){ZP_DECISION_ENTRY_FAULTY, ZP_FIELD_PROTOCOL, ZP_PROTOCOL_PVH, -ZP_ERR_OUTSIDE};
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "the pvh entry is passed over: an address lies in no loaded segment");
    decision =
        (struct zp_decision){ZP_DECISION_PAGE_TABLES, ZP_FIELD_PAGE_TABLES, UINT64_C(4) << 30, 2 << 20};
    assert_string_equal(zp_decision_explain(&decision, text, sizeof(text)),
                        "page tables map 4 GiB from 0 by pages of 2 MiB, all that the entry needs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_and_field_makes_a_sentence),
        cmocka_unit_test(each_code_has_its_own_sentence),
        cmocka_unit_test(important_texts_are_exact),
        cmocka_unit_test(text_is_cut_to_its_room),
        cmocka_unit_test(each_decision_has_its_own_sentence),
        cmocka_unit_test(reasons_against_kaslr_are_told),
        cmocka_unit_test(decisions_tell_their_numbers),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
