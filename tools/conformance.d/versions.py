# SPDX-License-Identifier: BSD-2-Clause
"""Versions of the programs that take part, read from the programs' own files."""
import functools
import re
import subprocess

import hosts
import media


def found_in(name, pattern, inside=""):
    """The first match in a file of tools/kernels, for a file says more than the name of its package."""
    match = re.search(pattern, (media.fetched(name) / inside if inside else media.fetched(name)).read_bytes())
    return match.group(1).decode() if match else "?"


def said_by(*argv, pattern):
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    match = re.search(pattern, ran.stdout)
    return match.group(1) if match else "?"


def in_file(path, pattern):
    with open(path, "rb") as file:
        match = re.search(pattern, file.read())
    return match.group(1).decode() if match else "?"


PROGRAMS = {
    "qemu": lambda: "QEMU " + said_by(hosts.QEMU, "--version", pattern=r"version ([\d.]+)"),
    "seabios": lambda: "SeaBIOS " + in_file("/usr/share/seabios/bios-256k.bin", rb"(\d\.\d\d\.\d)-debian"),
    "ovmf": lambda: "OVMF " + said_by("dpkg-query", "-W", "-f", "${Version}", "ovmf", pattern=r"^([\d.]+)"),
    "grub": lambda: "GRUB " + found_in("grub-bios", rb"\0(2\.\d+[-+~.\w]*)\0", "normal.mod"),
    "syslinux": lambda: "SYSLINUX " + found_in("isolinux", rb"ISOLINUX ([\d.]+)"),
    "ipxe": lambda: "iPXE " + found_in("ipxe", rb"(1\.\d+\.\d+\+git-\d+)"),
    "kexec": lambda: "kexec-tools " + said_by(hosts.KEXEC, "--version", pattern=r"kexec-tools ([\d.]+)"),
    "linux": lambda: "Linux " + found_in("cloud", rb"#1 [\w ]*Debian (\d+\.\d+\.\d+)"),
    "systemd-boot": lambda: "systemd-boot " + found_in("systemd-boot", rb"systemd-boot (\d+\.\d+)"),
    "u-boot": lambda: "U-Boot " + found_in("u-boot-rom", rb"U-Boot (?:SPL )?(\d{4}\.\d\d)"),
    "xen": lambda: "Xen " + found_in("xen", rb"\0(4\.\d+\.\d+)[+-]"),
}


@functools.cache
def of(program):
    return PROGRAMS[program]()
