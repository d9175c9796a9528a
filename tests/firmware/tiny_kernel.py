# SPDX-License-Identifier: BSD-2-Clause
"""An ELF kernel of a few bytes, linked wherever a test likes: entered by PVH it says where it is, and stands still."""
import struct

XEN_PHYS32_ENTRY = 18
PT_LOAD, PT_NOTE = 1, 4


def code(address, text):
    """mov $COM1, %edx; mov $text, %esi; 1: lodsb; test %al, %al; jz 2f; outb %al, (%dx); jmp 1b; 2: cli; hlt; jmp 2b"""
    head = b"\xba\xf8\x03\0\0\xbe" + struct.pack("<I", address + 22) + b"\xac\x84\xc0\x74\x03\xee\xeb\xf8\xfa\xf4\xeb\xfc"
    assert len(head) == 22
    return head + text.encode() + b"\r\n\0"


def said(address):
    return f"tiny kernel at {address:#x}"


def kernel(address, bits=64, filesz=None, memsz=None, more=(), **spoiled):
    """Its bytes; more: other segments, (p_offset, p_paddr, p_filesz, p_memsz); spoiled: fields of the ELF header."""
    ehdr, phdr = (64, 56) if bits == 64 else (52, 32)
    text = code(address, said(address))
    count = 2 + len(more)
    note_at = ehdr + phdr * count
    note = struct.pack("<III4sI", 4, 4, XEN_PHYS32_ENTRY, b"Xen\0", address)
    offset = note_at + len(note) + 15 & -16
    size = len(text) if filesz is None else filesz
    loads = [(offset, address, size, size if memsz is None else memsz), *more]
    header = {"ident": b"\x7fELF" + bytes([bits // 32, 1, 1]), "type": 2, "machine": 62 if bits == 64 else 3, "version": 1,
              "entry": address, "phoff": ehdr, "shoff": 0, "flags": 0, "ehsize": ehdr, "phentsize": phdr, "phnum": count,
              "shentsize": 0, "shnum": 0, "shstrndx": 0, **spoiled}
    data = struct.pack("<16sHHI" + ("QQQ" if bits == 64 else "III") + "IHHHHHH", *header.values())
    for kind, (at, paddr, filesz, memsz) in [*((PT_LOAD, load) for load in loads), (PT_NOTE, (note_at, 0, len(note), len(note)))]:
        if bits == 64:
            data += struct.pack("<IIQQQQQQ", kind, 7, at, paddr, paddr, filesz, memsz, 4)
        else:
            data += struct.pack("<IIIIIIII", kind, at, paddr, paddr, filesz, memsz, 7, 4)
    return (data + note).ljust(offset, b"\0") + text
