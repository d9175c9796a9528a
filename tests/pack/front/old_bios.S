/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sector 0 of a floppy that makes the BIOS an older one and then starts the first hard disk as that would have:
 * refuses functions of INT 13h and INT 15h and closes address line 20, as the bits at OLD_FLAGS say, which the test
 * writes. Moves to 0000:0600 and stays there as the handler. BIOS Boot Specification 1.01, 6.5.1.
 */
#define OLD_HOME   0x600
#define OLD_FLAGS  0x1f0
#define NO_E820    0x01
#define NO_E801    0x02
#define NO_EDD     0x04
#define A20_CLOSED 0x08         /* and INT 15h AX=2401h refused */

#define HOME(label) (OLD_HOME + label - old)
#define TELLS(bit)  testb $(bit), %cs:(OLD_HOME + OLD_FLAGS)

    .section .text, "ax"
    .code16
old:
    cli
    cld
    xorw    %ax, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movw    $0x7c00, %sp
    movw    %sp, %si
    movw    $OLD_HOME, %di
    movw    $256, %cx
    rep     movsw
    ljmp    $0, $HOME(moved)
moved:
    movl    0x13 * 4, %eax
    movl    %eax, HOME(int13)
    movl    0x15 * 4, %eax
    movl    %eax, HOME(int15)
    movw    $HOME(disk), 0x13 * 4
    movw    %cs, 0x13 * 4 + 2
    movw    $HOME(system), 0x15 * 4
    movw    %cs, 0x15 * 4 + 2
    TELLS(A20_CLOSED)
    jz      1f
    inb     $0x92, %al
    andb    $0xfd, %al
    outb    %al, $0x92
1:  sti
    movw    $0x0201, %ax
    movw    $1, %cx
    movw    $0x80, %dx
    movw    $0x7c00, %bx
    int     $0x13
2:  jc      2b
    movw    $0x80, %dx
    ljmp    $0, $0x7c00

system:
    TELLS(NO_E820)
    jz      1f
    cmpw    $0xe820, %ax
    je      refuse
1:  TELLS(NO_E801)
    jz      2f
    cmpw    $0xe801, %ax
    je      refuse
2:  TELLS(A20_CLOSED)
    jz      3f
    cmpw    $0x2401, %ax
    je      refuse
3:  .byte   0x2e, 0xff, 0x2e    /* ljmp *%cs:int15 */
    .word   HOME(int15)
disk:
    TELLS(NO_EDD)
    jz      1f
    cmpb    $0x41, %ah
    jb      1f
    cmpb    $0x48, %ah
    jbe     refuse
1:  .byte   0x2e, 0xff, 0x2e    /* ljmp *%cs:int13 */
    .word   HOME(int13)
refuse:
    movb    $0x86, %ah
    stc
    lretw   $2

int13:
    .long   0
int15:
    .long   0
    .org    OLD_FLAGS
    .org    0x1fe
    .word   0xaa55

    .section .note.GNU-stack, "", @progbits
