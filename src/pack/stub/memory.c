/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: the functions that a compiler may call at will (GCC manual, "Language Standards Supported by GCC"),
 * with string instructions: freestanding programs of ours all have these.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
    return start;
}

__attribute__((used)) void *memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    size_t words, rest;

    if (target <= source || (size_t)(target - source) >= size)
        return memcpy(to, from, size);
    /* From the end: the odd bytes, then words. */
    words = size / 8;
    rest = size % 8;
    target += size - 1;
    source += size - 1;
    __asm__ volatile("std; rep movsb; sub $7, %0; sub $7, %1; mov %3, %2; rep movsq; cld"
                     : "+D"(target), "+S"(source), "+c"(rest)
                     : "r"(words)
                     : "memory");
    return to;
}

__attribute__((used)) void *memset(void *to, int byte, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return start;
}

__attribute__((used)) int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;

    for (size_t i = 0; i < size; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}
