/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which kernel a bzImage is booted by: its own entry, which unpacks itself in the guest, or the ELF inside,
 * unpacked here ("direct"). This is decided in zp_choice_make and nowhere else.
 */
#ifndef ZP_HOST_CHOICE_H
#define ZP_HOST_CHOICE_H

#include "opened.h"

enum zp_direct {
    ZP_DIRECT_AUTO, /* direct when the payload unpacks and its plan holds, else the image's own entry */
    ZP_DIRECT_ON,   /* direct, or the error */
    ZP_DIRECT_OFF   /* the image's own entry */
};

struct zp_choice {
    struct zp_made_plan made;
    struct zp_request request; /* wrapper filled in; the plan points at it */
    bool direct;               /* the plan is of the ELF inside */
    int why_not_status;        /* why it is not, where that was wished: as functions answer; 0: not wished */
    struct zp_error why_not;
    char why_not_inside[ZP_INSIDE_SIZE]; /* what of the file why_not speaks of */
    char inside[ZP_INSIDE_SIZE];         /* what of the file is planned, or the error of the call speaks of */
};

/*
 * Plans the boot of an opened image. 0; a positive errno value; or a negative zp_status with *ret_error. The
 * choice refers to itself, to opened, machine and request: do not move it, keep them. An image that is no
 * bzImage has nothing inside: it is planned as it is, whatever the wish. When both plans fail the error is
 * that of the own entry, but for PVH, which the ELF inside alone could offer.
 */
int zp_choice_make(struct zp_choice *ret_choice, struct zp_opened_image *opened, enum zp_direct wish,
                   const struct zp_machine *machine, const struct zp_request *request,
                   const struct zp_opening *opening, struct zp_error *ret_error);
void zp_choice_free(struct zp_choice *choice);

/*
 * Why the ELF inside is not booted, "vmlinuz: payload: ...", in one line; "" when it is, or was not wished.
 * image_name may be NULL. Returns text.
 */
char *zp_choice_why_not(const struct zp_choice *choice, const char *image_name, char *text, size_t text_size);

#endif
