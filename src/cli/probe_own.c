/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe on our own engines, in every protocol that they enter by: this program again, as `run` with the
 * trace of the entry, so that what is judged is what a user gets. The real-mode entry needs a BIOS: the qemu
 * engine has SeaBIOS for it, and no trace. The EFI application needs a firmware.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static const struct entry {
    const char *image, *protocol;
    bool bios; /* entered by a BIOS: not from kvm, and not to be traced */
} entries[] = {
    {"bzimage16", "linux16", true},      {"bzimage", "linux32", false},       {"bzimage", "linux64", false},
    {"bzimage32", "linux32", false},     {"elf64", "linux64", false},         {"pvh", "pvh", false},
    {"multiboot1", "multiboot1", false}, {"multiboot2", "multiboot2", false},
};
static const char *const engines[] = {"kvm", "qemu"};

static bool wanted(const char *asked, const char *name)
{
    return !asked || strcmp(asked, name) == 0;
}

/* One engine, one entry. 0, or CLI_NO after a message. */
static int run_entry(const struct probe_own *own, const struct entry *entry, const char *engine,
                     struct probe_case *probe)
{
    const struct zp_probe_image *image = zp_probe_image_by_name(entry->image);
    char *path = probe_folder_write(own->folder, image->file_name, image->bytes, image->size);
    char *trace = probe_folder_write(own->folder, "trace", "", 0);
    char seconds[16], label[64], program[PATH_MAX];
    char why[PROBE_WHY] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    int code = path && trace && length > 0 ? 0 : CLI_NO;
    program[length > 0 ? length : 0] = '\0';
    snprintf(seconds, sizeof seconds, "%u", own->timeout);
    snprintf(label, sizeof label, "%s by %s on %s", entry->image, entry->protocol, engine);
    const char *const argv[] = {program,
                                "run",
                                path,
                                "--engine",
                                engine,
                                "--protocol",
                                entry->protocol,
                                "--cmdline",
                                own->cmdline,
                                "--initrd",
                                own->initrd,
                                "--timeout",
                                seconds,
                                "--silence",
                                "0",
                                "--quiet",
                                entry->bios ? NULL : "--trace",
                                "handoff",
                                "--trace-file",
                                trace,
                                NULL};
    struct probe_command command = {.argv = argv, .timeout = own->timeout + 5, .label = label};
    *probe = (struct probe_case){.host = engine, .image = entry->image, .protocol = entry->protocol};
    if (code == 0)
        code = probe_run(&command, &probe->output, why);
    if (code == 0)
        code = probe_text_read(trace, &probe->trace);
    if (code == 0) {
        /* A trace that was never written is no reason to lose the report. */
        if (probe->trace.length == 0)
            probe_text_free(&probe->trace);
        if (!probe_case_judge(probe, own->asked) && !probe->report && why[0])
            snprintf(probe->why + strlen(probe->why), sizeof probe->why - strlen(probe->why), " (%s)", why);
        probe->host = engine;
    }
    free(path);
    free(trace);
    return code;
}

int probe_own(const struct probe_own *own, struct probe_case **ret_cases, size_t *ret_count)
{
    *ret_cases = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (!wanted(own->engine, engines[i]))
            continue;
        if (!own->engine && strcmp(engines[i], "kvm") == 0 && access("/dev/kvm", R_OK | W_OK) != 0) {
            cli_error("/dev/kvm: %s; the kvm engine is left out", strerror(errno));
            continue;
        }
        for (size_t j = 0; j < sizeof entries / sizeof entries[0]; j++) {
            if (!wanted(own->protocol, entries[j].protocol) || !wanted(own->image, entries[j].image))
                continue;
            if (entries[j].bios && strcmp(engines[i], "qemu") != 0)
                continue;
            *ret_cases = cli_grow(*ret_cases, *ret_count + 1, sizeof **ret_cases);
            int code = run_entry(own, &entries[j], engines[i], &(*ret_cases)[*ret_count]);
            ++*ret_count;
            if (code != 0)
                return code;
        }
    }
    if (*ret_count > 0)
        return 0;
    cli_error("no engine of ours enters that image by that protocol; 'zeropage probe --list' lists them");
    return CLI_NO;
}
