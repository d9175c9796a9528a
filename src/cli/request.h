/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options that say what to boot and with what: the same for `plan` and `run`, parsed once, here. After
 * cli_options the request holds what the user wrote; cli_request_open opens the files that it names and
 * makes the zp_request from it.
 */
#ifndef ZP_CLI_REQUEST_H
#define ZP_CLI_REQUEST_H

#include <zeropage/plan.h>

#include "choice.h"
#include "cli.h"
#include "opening.h"
#include "vmm.h"

#define CLI_RAM_SIZE_DEFAULT (UINT64_C(512) << 20)

enum cli_seed {
    CLI_SEED_NONE,
    CLI_SEED_AUTO, /* 32 bytes of the host's */
    CLI_SEED_GIVEN
};

enum cli_kaslr {
    CLI_KASLR_OFF,
    CLI_KASLR_AUTO, /* 128 bits of the host's */
    CLI_KASLR_GIVEN
};

struct cli_module {
    const char *name;
    const char *cmdline; /* after FILE:, or NULL */
    struct zp_file file;
};

struct cli_setup_data {
    uint32_t type;
    const char *name;
    struct zp_file file;
};

struct cli_request {
    const char *image_name;
    uint64_t ram_size;
    uint32_t cpus;
    enum zp_engine_kind engine; /* AUTO unless asked for */
    bool no_acpi;
    struct cli_module *modules; /* initrds and modules as they came */
    size_t module_count;
    struct cli_setup_data *setup_data;
    size_t setup_data_count;
    struct zp_pin *pins;
    size_t pin_count;
    bool seed_asked, kaslr_asked; /* by an option, and not away */
    enum cli_seed seed;
    unsigned char *entropy;
    size_t entropy_length;
    enum cli_kaslr kaslr;
    uint64_t kaslr_seed;
    enum zp_direct direct;
    const char *cache_name; /* NULL: no cache */
    uint64_t cache_size;
    bool has_cache_size; /* it was given */
    bool share_pages;

    struct zp_opened_image opened; /* from cli_request_open on */
    struct zp_opening opening;
    struct cli_progress progress;
    bool no_progress;
    char *uki_cmdline;         /* NULL: there is none, or --cmdline was given */
    struct zp_request request; /* whole after cli_request_open */
    struct zp_module *zp_modules;
    struct zp_blob *zp_blobs; /* setup_data_count of them, and room for one more */
};

/* A child of a verb's argp; its input is a struct cli_request set up by cli_request_init. */
extern const struct argp cli_request_argp;
void cli_request_init(struct cli_request *request, enum cli_seed seed, enum cli_kaslr kaslr);

/* Opens the image and the other files; 0, or CLI_NO after a message (as JSON when asked). Close in any case.
 */
int cli_request_open(struct cli_request *request, bool json);
/* The name of the file that is the module of that number; NULL when it came out of a UKI. */
const char *cli_request_module_name(const struct cli_request *request, uint64_t number);
/* Says why the cache was of no use, if it was of none. */
void cli_request_say_cache(const struct cli_request *request);
void cli_request_close(struct cli_request *request);

/* An address or size option's argument; ends with a usage error when it is none. */
uint64_t cli_request_size(const struct argp_state *state, const char *option, const char *text);
/* A decimal number from least to most. */
uint32_t cli_request_number(const struct argp_state *state, const char *option, const char *text,
                            uint32_t least, uint32_t most);

#endif
