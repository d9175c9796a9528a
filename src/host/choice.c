/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice between the two kernels of a bzImage: receives an opened image, a machine and a request, gives
 * the plan that holds and says why it is not the other. Direct comes first, for it is the faster; what
 * cannot help is not even unpacked. Linux Documentation/x86/boot: payload_offset, XLF_KERNEL_64.
 */
#include "choice.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LINUX_FORMATS (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200)

static uint64_t bit(uint32_t protocol)
{
    return UINT64_C(1) << protocol;
}

/*
 * No ELF has a 16-bit entry, and that of a 64-bit kernel has no 32-bit boot protocol either: what such a wish
 * would get is known before anything is unpacked.
 */
static int foresee(const struct zp_image *image, uint32_t protocol, struct zp_error *ret_error)
{
    bool wide = image->bzimage.header.xloadflags & ZP_XLF_KERNEL_64;
    uint64_t offered = bit(ZP_PROTOCOL_PVH) | bit(wide ? ZP_PROTOCOL_LINUX64 : ZP_PROTOCOL_LINUX32);

    if (protocol != ZP_PROTOCOL_LINUX16 && !(protocol == ZP_PROTOCOL_LINUX32 && wide))
        return ZP_OK;
    *ret_error = (struct zp_error){.code = ZP_ERR_PROTOCOL,
                                   .field = ZP_FIELD_PROTOCOL,
                                   .offset = ZP_NO_OFFSET,
                                   .value = protocol,
                                   .limit = offered};
    return ZP_ERR_PROTOCOL;
}

static int plan_direct(struct zp_choice *choice, struct zp_opened_image *opened,
                       const struct zp_machine *machine, const struct zp_opening *opening,
                       struct zp_error *ret_error)
{
    bool packed = opened->image.bzimage.payload_compression != ZP_COMPRESSION_NONE;
    int status = packed ? foresee(&opened->image, choice->request.protocol, ret_error) : ZP_OK;

    memcpy(choice->inside, opened->inside, sizeof(choice->inside));
    if (status) {
        zp_inside_enter(choice->inside, "payload");
        return status;
    }
    status = zp_opened_image_direct(opened, opening, ret_error);
    memcpy(choice->inside, opened->inner.inside, sizeof(choice->inside));
    if (status)
        return status;
    choice->request.wrapper = &opened->image;
    status = zp_made_plan_make(&choice->made, &opened->inner.image, machine, &choice->request, ret_error);
    if (status)
        choice->request.wrapper = NULL;
    return status;
}

/* No bzImage offers PVH by itself: what the ELF inside lacked for it is what a person can mend. */
static bool is_blame_inside(const struct zp_choice *choice, int status)
{
    int why_not = choice->why_not_status;

    return status == ZP_ERR_PROTOCOL && choice->request.protocol == ZP_PROTOCOL_PVH && why_not &&
           why_not != ZP_ERR_PROTOCOL && why_not != ZP_ERR_NO_PAYLOAD;
}

int zp_choice_make(struct zp_choice *ret_choice, struct zp_opened_image *opened, enum zp_direct wish,
                   const struct zp_machine *machine, const struct zp_request *request,
                   const struct zp_opening *opening, struct zp_error *ret_error)
{
    struct zp_error error = {0};
    int status;

    *ret_choice = (struct zp_choice){.request = *request};
    ret_choice->request.wrapper = NULL;
    if (wish != ZP_DIRECT_OFF && (opened->image.formats & LINUX_FORMATS)) {
        status = plan_direct(ret_choice, opened, machine, opening, &error);
        ret_choice->direct = status == 0;
        ret_choice->why_not_status = status;
        ret_choice->why_not = error;
        memcpy(ret_choice->why_not_inside, ret_choice->inside, sizeof(ret_choice->inside));
        if (status < 0 && wish == ZP_DIRECT_ON && ret_error)
            *ret_error = error;
        if (status == 0 || wish == ZP_DIRECT_ON)
            return status;
    }
    memcpy(ret_choice->inside, opened->inside, sizeof(ret_choice->inside));
    status = zp_made_plan_make(&ret_choice->made, &opened->image, machine, &ret_choice->request, &error);
    if (is_blame_inside(ret_choice, status)) {
        status = ret_choice->why_not_status;
        error = ret_choice->why_not;
        memcpy(ret_choice->inside, ret_choice->why_not_inside, sizeof(ret_choice->inside));
    }
    if (status < 0 && ret_error)
        *ret_error = error;
    return status;
}

void zp_choice_free(struct zp_choice *choice)
{
    zp_made_plan_free(&choice->made);
    *choice = (struct zp_choice){0};
}

char *zp_choice_why_not(const struct zp_choice *choice, const char *image_name, char *text, size_t text_size)
{
    char name[PATH_MAX + ZP_INSIDE_SIZE + 2];

    zp_inside_name(image_name ? image_name : "", choice->why_not_inside, name, sizeof(name));
    if (choice->why_not_status == 0 && text_size > 0)
        text[0] = '\0';
    else if (choice->why_not_status > 0)
        snprintf(text, text_size, "%s%s%s", name, name[0] ? ": " : "", strerror(choice->why_not_status));
    else
        zp_error_explain(&choice->why_not, name[0] ? name : NULL, text, text_size);
    return text;
}
