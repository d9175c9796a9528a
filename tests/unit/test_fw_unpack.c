/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's unpacker: what squeeze makes of bytes of all kinds it restores, all of them and none behind.
 * Receives the path of squeeze as its argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE_MIN        16u
#define SIZE_MAX_PACKED 400000u
#define GUARD           64u /* bytes behind the output that must stay */

size_t fw_unpack(uint8_t *to, const uint8_t *from);

static const char *squeeze;
static uint8_t plain[SIZE_MAX_PACKED], packed[2 * SIZE_MAX_PACKED], output[SIZE_MAX_PACKED + GUARD];
static char folder[] = "/tmp/zp-unpack-XXXXXX";
static char path_plain[64], path_packed[64], path_numbers[64];

static uint32_t noise(void)
{
    static uint32_t state = 12345;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state >> 4;
}

static size_t read_file(const char *name, uint8_t *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    size_t size;

    assert_non_null(file);
    size = fread(bytes, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

/* Returns how small it became. */
static size_t round_trip(size_t size)
{
    FILE *file = fopen(path_plain, "wb");
    size_t packed_size;
    int status;
    pid_t child;

    assert_non_null(file);
    assert_int_equal(fwrite(plain, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    child = fork();
    if (child == 0) {
        execl(squeeze, squeeze, "nrv2e", path_plain, path_packed, path_numbers, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    packed_size = read_file(path_packed, packed, sizeof(packed));
    memset(output, 0xff, sizeof(output));
    assert_int_equal(fw_unpack(output, packed), size);
    assert_memory_equal(output, plain, size);
    for (size_t i = 0; i < GUARD; i++)
        assert_int_equal(output[size + i], 0xff);
    return packed_size;
}

static void test_runs(void **state)
{
    static const size_t sizes[] = {SIZE_MIN, 24, 4096, 70000, SIZE_MAX_PACKED};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        memset(plain, 0, sizes[i]);
        assert_true(round_trip(sizes[i]) < 64 + sizes[i] / 500);
    }
}

static void test_noise(void **state)
{
    static const size_t sizes[] = {SIZE_MIN, 32, 1000, 77976, SIZE_MAX_PACKED};

    (void)state;
    for (size_t i = 0; i < SIZE_MAX_PACKED; i++)
        plain[i] = (uint8_t)noise();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        assert_true(round_trip(sizes[i]) >= sizes[i]);
}

/* What was before, at each distance for which a match is told otherwise, and of each length. */
static void test_matches(void **state)
{
    size_t at = 0;

    (void)state;
    while (at < 150000)
        plain[at++] = (uint8_t)noise();
    while (at < 350000) {
        unsigned far_bits = 1 + noise() % 17, length_bits = noise() % 12;
        size_t far = 1 + noise() % (1u << far_bits), length = 1 + noise() % (1u << length_bits);

        for (size_t i = 0; i < length; i++, at++)
            plain[at] = plain[at - far];
        if (noise() % 4 == 0)
            plain[at++] = (uint8_t)noise();
    }
    assert_true(round_trip(at / 8 * 8) < 250000);
}

/* Calls anywhere, one in another, cut by the end; distances about the ends of the window. */
static void test_calls(void **state)
{
    static const int32_t distances[] = {
        0,       -1,         1,      -5,    1 << 17,   (1 << 17) - 1, -(1 << 17), -(1 << 17) - 1,
        1 << 18, -(1 << 18), 0xe8e8, -0x17, INT32_MAX, INT32_MIN};

    (void)state;
    for (int round = 0; round < 24; round++) {
        size_t size = round < 20 ? SIZE_MIN + 8 * (noise() % 8) : 8 * (noise() % 20000 + 2);

        for (size_t i = 0; i < size; i++)
            plain[i] = noise() % 3 ? 0xe8 : (uint8_t)noise();
        for (size_t i = 0; i + 8 < size; i += 1 + noise() % 16)
            if (noise() % 2)
                memcpy(plain + i, &distances[noise() % (sizeof(distances) / sizeof(*distances))], 4);
        plain[size - 1 - noise() % 5] = 0xe8;
        round_trip(size);
    }
}

/* At the end: the last call that is one, whatever it calls, and what the end cuts, whatever is behind. */
static void test_last_call(void **state)
{
    (void)state;
    for (int at = 1; at <= 6; at++) {
        for (int fill = 0; fill <= 0xff; fill += 0xff) {
            memset(plain, fill, 64);
            plain[64 - at] = 0xe8;
            round_trip(64);
        }
    }
}

static void test_code(void **state)
{
    size_t size;

    (void)state;
    size = read_file("/proc/self/exe", plain, sizeof(plain)) / 8 * 8;
    assert_true(size > SIZE_MIN);
    assert_true(round_trip(size) < size);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path_plain, sizeof(path_plain), "%s/plain", folder);
    snprintf(path_packed, sizeof(path_packed), "%s/packed", folder);
    snprintf(path_numbers, sizeof(path_numbers), "%s/numbers", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path_plain);
    unlink(path_packed);
    unlink(path_numbers);
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),  cmocka_unit_test(test_noise),     cmocka_unit_test(test_matches),
        cmocka_unit_test(test_calls), cmocka_unit_test(test_last_call), cmocka_unit_test(test_code),
    };

    if (argc != 2)
        return 2;
    squeeze = argv[1];
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
