/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command lines of modules, one string after another, as PVH's and multiboot 1's lists name them. Xen
 * public/arch-x86/hvm/start_info.h; Multiboot Specification 0.6.96, section 3.3.
 */
#include "draft.h"
#include "multiboot_info.h"

uint64_t zp_module_cmdlines_size(const struct zp_request *request)
{
    uint64_t size = 0;

    for (size_t i = 0; i < request->module_count; i++)
        size += (uint64_t)request->modules[i].cmdline_length + 1;
    return size;
}

void zp_fill_module_cmdlines(const struct zp_plan *plan, void *buffer)
{
    char *at = buffer;

    for (size_t i = 0; i < plan->request->module_count; i++) {
        const struct zp_module *module = &plan->request->modules[i];

        if (module->cmdline_length)
            memcpy(at, module->cmdline, module->cmdline_length);
        at += module->cmdline_length;
        *at++ = '\0';
    }
}
