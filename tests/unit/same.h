/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * same.h - hold one of our wire structures against somebody else's header.
 *
 * Each SAME_MEMBER compares offset and size of a member and adds its bytes to
 * `covered`; SAME_SIZE at the end demands that the members compared fill the
 * foreign structure, so that none is left out. Only for test programs that
 * include <cmocka.h> first.
 */
#ifndef ZEROPAGE_TESTS_SAME_H
#define ZEROPAGE_TESTS_SAME_H

#include <stddef.h>
#include <stdint.h>

#define MEMBER_SIZE(type, member) sizeof(((type *)NULL)->member)

/* The member has one name, one offset and one size in both */
#define SAME_MEMBER(ours, theirs, member) SAME_MEMBER_AS(ours, member, theirs, member)

#define SAME_MEMBER_AS(ours, our_member, theirs, their_member)                              \
    do {                                                                                    \
        assert_int_equal(offsetof(ours, our_member), offsetof(theirs, their_member));       \
        assert_int_equal(MEMBER_SIZE(ours, our_member), MEMBER_SIZE(theirs, their_member)); \
        covered += MEMBER_SIZE(theirs, their_member);                                       \
    } while (0)

/* As SAME_MEMBER, for a member whose bytes another one covers (unions, arrays without length) */
#define SAME_OFFSET(ours, theirs, member) assert_int_equal(offsetof(ours, member), offsetof(theirs, member))

#define SAME_VIEW(ours, theirs, member)                                           \
    do {                                                                          \
        assert_int_equal(offsetof(ours, member), offsetof(theirs, member));       \
        assert_int_equal(MEMBER_SIZE(ours, member), MEMBER_SIZE(theirs, member)); \
    } while (0)

/* Both have one size, and the members above fill it but for `padding` bytes that have no name there */
#define SAME_SIZE(ours, theirs, padding)                       \
    do {                                                       \
        assert_int_equal(sizeof(ours), sizeof(theirs));        \
        assert_int_equal(covered + (padding), sizeof(theirs)); \
    } while (0)

/* ZP_name has the value of name; 32 bits, for some headers shift into the sign */
#define SAME_CONSTANT(name) assert_int_equal((uint32_t)(ZP_##name), (uint32_t)(name))

#endif
