/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage: one command, one verb each time. This file knows the verbs, the version and nothing else; each
 * verb parses its own options and answers with its exit code: 0 done, 1 the image or the machine says no,
 * 2 usage.
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct verb {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
    char *title; /* argv[0] of the verb: what its usage and errors begin with */
} verbs[] = {
    {"firmware", "where the installed guest firmware lies", cli_firmware, (char[]){"zeropage firmware"}},
    {"inspect", "what it is, what it demands, every entry", cli_inspect, (char[]){"zeropage inspect"}},
    {"pack", "one file that boots everywhere", cli_pack, (char[]){"zeropage pack"}},
    {"plan", "the memory map and entry state of a boot", cli_plan, (char[]){"zeropage plan"}},
    {"probe", "judge how a VMM or loader enters a kernel", cli_probe, (char[]){"zeropage probe"}},
    {"run", "boot it", cli_run, (char[]){"zeropage run"}},
    {"unpack", "the vmlinux and other parts inside", cli_unpack, (char[]){"zeropage unpack"}},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static const char *arguments_of(const struct verb *verb)
{
    if (verb->run == cli_firmware)
        return "";
    return verb->run == cli_probe ? "..." : "IMAGE ...";
}

static int help(void)
{
    puts("zeropage boots any x86-64 kernel, anywhere.\n\nUsage:");
    for (size_t i = 0; i < VERB_COUNT; i++)
        printf("  zeropage %-8s %-9s  %s\n", verbs[i].name, arguments_of(&verbs[i]), verbs[i].summary);
    puts("\n'zeropage VERB --help' lists a verb's options; 'man zeropage' tells the rest.\n"
         "Exit code: 0 done, 1 the image or the machine says no, 2 usage.\n"
         "\n"
         "  zeropage inspect vmlinuz\n"
         "  zeropage plan vmlinuz --initrd initrd.img -m 2G\n"
         "  zeropage run vmlinuz --initrd initrd.img --cmdline console=ttyS0\n"
         "  zeropage unpack vmlinuz -o vmlinux\n"
         "  zeropage pack vmlinuz -o image --initrd initrd.img --cmdline console=ttyS0\n"
         "  zeropage probe -- qemu-system-x86_64 -kernel {} -nographic\n"
         "  qemu-system-x86_64 -bios $(zeropage firmware --rom) -kernel vmlinuz -nographic");
    return cli_finish(CLI_DONE);
}

static const struct verb *verb_by_name(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that turn one word into the other: how far a mistyped verb is from a real one. */
static size_t distance(const char *from, const char *to)
{
    size_t row[16];
    size_t to_length = strlen(to);
    for (size_t i = 0; i <= to_length; i++)
        row[i] = i;
    for (size_t i = 0; from[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < to_length; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smaller(diagonal + (from[i] != to[j]), smaller(above, row[j]) + 1);
            diagonal = above;
        }
    }
    return row[to_length];
}

static int unknown_verb(const char *name)
{
    const struct verb *nearest = NULL;
    size_t best = 3; /* more edits than that are another word */
    for (size_t i = 0; i < VERB_COUNT; i++) {
        size_t edits = distance(name, verbs[i].name);
        if (edits < best) {
            best = edits;
            nearest = &verbs[i];
        }
    }
    char *safe = cli_escape_copy(name);
    if (nearest)
        cli_error("unknown verb '%s'; did you mean '%s'?", safe, nearest->name);
    else
        cli_error("unknown verb '%s'; 'zeropage --help' lists them", safe);
    free(safe);
    return CLI_USAGE;
}

/*
 * A standard stream that the caller closed leaves its number to the next file that is opened: an image would
 * be read as what was typed, guest RAM be written as the guest's output. /dev/null, opened the wrong way
 * round, holds the place and fails as a closed stream does.
 */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            exit(CLI_NO);
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error with words, and no death */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        cli_error("no verb given; 'zeropage --help' lists them");
        return CLI_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0) {
        printf("zeropage %s\n", zp_version());
        return cli_finish(CLI_DONE);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return help();
    const struct verb *verb = verb_by_name(word);
    if (!verb)
        return unknown_verb(word);
    argv[1] = verb->title;
    return verb->run(argc - 1, argv + 1);
}
