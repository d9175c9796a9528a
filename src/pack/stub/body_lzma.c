/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks the stub in bodies that are to be small rather than fast: LZMA without header or end mark, lc 3,
 * lp and pb 0, as squeeze.c makes it. It is our own and was found whole, so that nothing is checked.
 * DOC/lzma-specification.txt of the LZMA SDK; names are its.
 */
#include <stddef.h>
#include <stdint.h>

#define STATES       12
#define LITERAL_NEXT 7 /* states from here on follow a match */
#define MATCH_MIN    2
#define CONTEXT_BITS 3                   /* lc */
#define WINDOW       (UINT32_C(1) << 18) /* of distances that are taken for those of calls */
#define MODEL_BITS   11
#define MOVE_BITS    5
#define TOP          (UINT32_C(1) << 24)

typedef uint16_t probability; /* of a 0, of 2^MODEL_BITS */
typedef uint32_t __attribute__((may_alias, aligned(1))) aliasing;

struct length_model {
    probability choice, choice2;
    probability low[8], middle[8], high[256];
};

struct model {
    probability is_match[STATES], is_rep0_long[STATES];
    probability is_rep[STATES], is_rep_g0[STATES], is_rep_g1[STATES], is_rep_g2[STATES];
    probability slot[4][64];
    probability place[128];
    probability align[16];
    probability literal[1 << CONTEXT_BITS][0x300];
    struct length_model match, rep;
};

struct decoder {
    const uint8_t *from;
    uint32_t range, code;
    struct model model;
};

void unpack_body(uint8_t *to, const uint8_t *from, const uint8_t *end, size_t size);

static void normalize(struct decoder *decoder)
{
    if (decoder->range >= TOP)
        return;
    decoder->range <<= 8;
    decoder->code = decoder->code << 8 | *decoder->from++;
}

static __attribute__((noinline)) uint32_t bit(struct decoder *decoder, probability *of)
{
    uint32_t bound;

    normalize(decoder);
    bound = (decoder->range >> MODEL_BITS) * *of;
    if (decoder->code < bound) {
        decoder->range = bound;
        *of = (probability)(*of + (((1u << MODEL_BITS) - *of) >> MOVE_BITS));
        return 0;
    }
    decoder->range -= bound;
    decoder->code -= bound;
    *of = (probability)(*of - (*of >> MOVE_BITS));
    return 1;
}

/* Down a tree of 2^bits leaves: which one. */
static __attribute__((noinline)) uint32_t leaf(struct decoder *decoder, probability *tree, unsigned bits)
{
    uint32_t node = 1;

    for (unsigned i = 0; i < bits; i++)
        node = node << 1 | bit(decoder, &tree[node]);
    return node - (1u << bits);
}

/* The same with the lowest bit first. */
static uint32_t leaf_reverse(struct decoder *decoder, probability *tree, unsigned bits)
{
    uint32_t node = 1, value = 0;

    for (unsigned i = 0; i < bits; i++) {
        uint32_t one = bit(decoder, &tree[node]);

        node = node << 1 | one;
        value |= one << i;
    }
    return value;
}

static uint32_t length(struct decoder *decoder, struct length_model *model)
{
    if (!bit(decoder, &model->choice))
        return leaf(decoder, model->low, 3);
    if (!bit(decoder, &model->choice2))
        return 8 + leaf(decoder, model->middle, 3);
    return 16 + leaf(decoder, model->high, 8);
}

static uint32_t distance(struct decoder *decoder, uint32_t length)
{
    struct model *model = &decoder->model;
    uint32_t slot = leaf(decoder, model->slot[length < 3 ? length : 3], 6), value;
    unsigned bits = (slot >> 1) - 1;

    if (slot < 4)
        return slot;
    value = (2 | (slot & 1)) << bits;
    if (slot < 14)
        return value + leaf_reverse(decoder, model->place + value - slot, bits);
    for (; bits > 4; bits--) {
        normalize(decoder);
        decoder->range >>= 1;
        if (decoder->code >= decoder->range) {
            decoder->code -= decoder->range;
            value += 1u << (bits - 1);
        }
    }
    return value + leaf_reverse(decoder, model->align, 4);
}

/* After a match the byte at its distance is a hint, as long as the bits agree with it. */
static uint8_t literal(struct decoder *decoder, probability *model, const uint8_t *hint)
{
    uint32_t node = 1, hinted = hint ? *hint : 0, offset = hint ? 0x100 : 0;

    while (node < 0x100) {
        uint32_t wanted, got;

        hinted <<= 1;
        wanted = hinted & offset;
        got = bit(decoder, &model[offset + wanted + node]);
        node = node << 1 | got;
        if ((wanted != 0) != got)
            offset = 0;
    }
    return (uint8_t)node;
}

/* One of the three distances before the last; it becomes the first. */
static void take_older(struct decoder *decoder, unsigned state, uint32_t rep[4])
{
    struct model *model = &decoder->model;
    unsigned which = 1;
    uint32_t taken;

    if (bit(decoder, &model->is_rep_g1[state]))
        which = 2 + bit(decoder, &model->is_rep_g2[state]);
    taken = rep[which];
    for (; which; which--)
        rep[which] = rep[which - 1];
    rep[0] = taken;
}

static void start(struct decoder *decoder, const uint8_t *from)
{
    probability *all = (probability *)&decoder->model;

    for (size_t i = 0; i < sizeof(decoder->model) / sizeof(*all); i++)
        all[i] = 1u << (MODEL_BITS - 1);
    decoder->range = UINT32_MAX;
    decoder->code = 0;
    for (int i = 0; i < 5; i++)
        decoder->code = decoder->code << 8 | from[i];
    decoder->from = from + 5;
}

/*
 * Calls and jumps have the address of what they lead to in place of its distance: so they look alike, and
 * pack well. What is too far for a distance in here is none, and stays.
 */
static void mend_calls(uint8_t *bytes, size_t size)
{
    for (size_t at = 1; at + 4 <= size; at++) {
        aliasing *distance = (aliasing *)(bytes + at);

        if ((bytes[at - 1] & 0xfe) == 0xe8 && *distance + WINDOW / 2 < WINDOW)
            *distance = ((*distance + WINDOW / 2 - (uint32_t)at) & (WINDOW - 1)) - WINDOW / 2;
    }
}

void unpack_body(uint8_t *to, const uint8_t *from, const uint8_t *end, size_t size)
{
    struct decoder decoder;
    struct model *model = &decoder.model;
    uint32_t rep[4] = {0};
    unsigned state = 0;

    (void)end;
    start(&decoder, from);
    for (size_t at = 0; at < size;) {
        const uint8_t last = at ? to[at - 1] : 0;
        uint32_t count;

        if (!bit(&decoder, &model->is_match[state])) {
            to[at] = literal(&decoder, model->literal[last >> (8 - CONTEXT_BITS)],
                             state >= LITERAL_NEXT ? to + at - rep[0] - 1 : NULL);
            at++;
            state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
            continue;
        }
        if (!bit(&decoder, &model->is_rep[state])) {
            for (int i = 3; i; i--)
                rep[i] = rep[i - 1];
            count = length(&decoder, &model->match);
            rep[0] = distance(&decoder, count);
            state = state < LITERAL_NEXT ? 7 : 10;
        } else {
            if (bit(&decoder, &model->is_rep_g0[state])) {
                take_older(&decoder, state, rep);
            } else if (!bit(&decoder, &model->is_rep0_long[state])) {
                to[at] = to[at - rep[0] - 1];
                at++;
                state = state < LITERAL_NEXT ? 9 : 11;
                continue;
            }
            count = length(&decoder, &model->rep);
            state = state < LITERAL_NEXT ? 8 : 11;
        }
        for (count += MATCH_MIN; count; count--, at++)
            to[at] = to[at - rep[0] - 1];
    }
    mend_calls(to, size);
}
