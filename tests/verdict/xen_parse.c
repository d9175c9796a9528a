/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks Xen's own domain builder (libxenguest) what it makes of kernels for a PVH domain, without a
 * hypervisor: a dummy handle, the container type that libxl sets, and xc_dom_parse_image(), which probes the
 * loaders in turn and has the one that fits parse the file. What Xen would answer to "which guests can you
 * run" is given by hand. One line an image, its path and "yes" or "no", after the
 * builder's own words on stderr.
 */
#include <stdio.h>
#include <string.h>

#include <xenctrl.h>
#include <xenguest.h>

static int try_image(xc_interface *handle, const char *path)
{
    struct xc_dom_image *dom = xc_dom_allocate(handle, "", NULL);
    int bad;

    if (!dom)
        return 1;
    dom->container_type = XC_DOM_HVM_CONTAINER;
    dom->device_model = false;
    strncpy(dom->xen_caps, "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64",
            sizeof dom->xen_caps - 1);
    bad = xc_dom_kernel_file(dom, path) != 0 || xc_dom_parse_image(dom) != 0;
    fflush(stderr);
    printf("%s: %s\n", path, bad ? "no" : "yes");
    fflush(stdout);
    xc_dom_release(dom);
    return 0;
}

int main(int argc, char **argv)
{
    xentoollog_logger *logger = (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_DEBUG, 0);
    xc_interface *handle = xc_interface_open(logger, logger, XC_OPENFLAG_DUMMY);
    int bad = 0;

    if (!handle)
        return 1;
    for (int i = 1; i < argc; i++)
        bad |= try_image(handle, argv[i]);
    xc_interface_close(handle);
    xtl_logger_destroy(logger);
    return bad;
}
