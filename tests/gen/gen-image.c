/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen-image: writes one generated image to a file, perhaps with spoiled bytes. For tests of the command
 * line:  gen-image bzimage --poke 0x260:4:0 --resize 4096 FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

static int usage(void)
{
    fputs("Usage: gen-image KIND [--poke OFFSET:SIZE:VALUE | --resize SIZE]... FILE\n"
          "       gen-image --list\n",
          stderr);
    return 2;
}

static int list(void)
{
    for (size_t i = 0; i < gen_kind_count; i++)
        printf("%-18s%s\n", gen_kinds[i].name, gen_kinds[i].text);
    return 0;
}

static const struct gen_kind *find(const char *name)
{
    for (size_t i = 0; i < gen_kind_count; i++)
        if (strcmp(gen_kinds[i].name, name) == 0)
            return &gen_kinds[i];
    return NULL;
}

/* OFFSET:SIZE:VALUE, numbers as in C. */
static int poke(struct gen_image *image, const char *text)
{
    unsigned long long numbers[3];
    char *end = NULL;

    for (int i = 0; i < 3; i++, text = end + 1) {
        numbers[i] = strtoull(text, &end, 0);
        if (end == text || *end != (i < 2 ? ':' : '\0'))
            return usage();
    }
    if (numbers[1] > 8 || numbers[0] > image->size || numbers[1] > image->size - numbers[0])
        return usage();
    gen_poke(image, (size_t)numbers[0], (size_t)numbers[1], numbers[2]);
    return 0;
}

static int change(struct gen_image *image, const char *option, const char *argument)
{
    if (strcmp(option, "--poke") == 0)
        return poke(image, argument);
    if (strcmp(option, "--resize") != 0)
        return usage();
    gen_resize(image, (size_t)strtoull(argument, NULL, 0));
    return 0;
}

static int save(const struct gen_image *image, const char *path)
{
    FILE *file = fopen(path, "wb");
    int bad;

    if (!file) {
        perror(path);
        return 1;
    }
    bad = fwrite(image->bytes, 1, image->size, file) != image->size;
    if (fclose(file) != 0 || bad) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct gen_kind *kind;
    struct gen_image image;
    int status = 0;

    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc < 3 || argc % 2 == 0 || !(kind = find(argv[1])))
        return usage();
    kind->make(&image);
    for (int i = 2; i + 1 < argc && status == 0; i += 2)
        status = change(&image, argv[i], argv[i + 1]);
    if (status == 0)
        status = save(&image, argv[argc - 1]);
    gen_free(&image);
    return status;
}
