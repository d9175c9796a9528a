/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace of a handoff: the state just before a guest's first instruction, seen from outside. */
#ifndef ZP_CLI_TRACE_H
#define ZP_CLI_TRACE_H

#include <stdio.h>

#include "vmm.h"

struct cli_trace {
    const char *file_name; /* NULL: stderr */
    FILE *file;
};

/* Opens the file, if there is one, before anything runs. CLI_DONE, or CLI_NO after a message. */
int cli_trace_open(struct cli_trace *trace, const char *file_name);
/* For zp_vm_config.entered; context is the struct cli_trace. */
int cli_trace_entered(void *context, const struct zp_vm_entered *entered);
void cli_trace_close(struct cli_trace *trace);

#endif
