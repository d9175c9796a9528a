# SPDX-License-Identifier: BSD-2-Clause
"""The verdicts of `zeropage inspect` beside what the real programs do: one point an image and host.

Where the program refuses a file, the verdict must be "does not". Where it takes the file, the verdict must be "boots"
or "boots but", save for images that cannot run whoever takes them (CANNOT_RUN): there the program does not look at
what is broken, and the verdict may.
"""
import concurrent.futures
import fnmatch
import json
import pathlib
import re
import tempfile
import unittest

import images
import programs
import zptap

# Taken or not, nothing sensible runs: the entry lies nowhere, code is cut off or for another machine, or the file is
# none of the kind any more. Patterns of image names.
CANNOT_RUN = [
    "*.no-mb-entry-*", "*.no-mb-filesz", "*.no-mb-low", "*.no-mb-high", "*.no-mb-machine-*", "*.no-mb-type-*",
    "*.no-mb-phentsize", "*.no-mb-phnum-0", "*.no-mb-note-descsz-huge", "*.no-mb-pvh-name", "*.no-mb-no-pt-note", "*.cut-*",
    "memtest.init-size-*", "memtest.no-hdrs", "memtest.version-1ff", "u-boot", "boot-sector",
]
# Images with a 16-bit entry alone, or a protocol of a time before the 32-bit one was written down. Loaders that enter
# by 32 bits take them nevertheless.
ONLY_16_BIT = ["ipxe", "memdisk", "lnxboot", "memtest.code32-0", "memtest.version-20[0-4]", "probe-bzimage16"]
BY_32_BIT = {"kexec", "grub-efi-linux"}
# 64-bit code at e_entry, which a loader of ELF files enters in 32-bit mode.
ELF64_BY_32_BIT = {("syslinux", "handoff-elf*"), ("syslinux", "busybox"), ("syslinux", "uml")}
# No point: it depends on the machine's RAM, its command line or its ROMs, and is no matter of the image; or GRUB writes
# past an init_size that is shorter than the file, and dies of it or not.
MACHINE = {("kexec", "*.no-mb-high"), ("kexec", "u-boot"), ("kexec", "memtest.cmdline-0"),
           ("grub-linux", "memtest.init-size-*"), ("grub-linux", "memtest.boot-code"),
           ("grub-efi-linux", "memtest.init-size-huge")}

# One boot an image: enough of each kind.
BOOTED = ["cloud", "cloud-6.12", "i386", "memtest32", "ipxe", "memdisk", "lnxboot", "handoff-bzimage", "xen", "xen-gz", "gnumach",
          "invaders", "arm64", "uki", "grub-pvh", "u-boot", "boot-sector", "memtest", "memtest.boot-code", "memtest.no-aa55",
          "memtest.no-hdrs", "memtest.version-200", "memtest.version-20b", "memtest.setup-sects-255", "memtest.loaded-low",
          "memtest.cut-*", "handoff-elf", "handoff-elf.no-mb", "handoff32-elf", "handoff32-elf.no-mb", "handoff32-elf.mb1-*",
          "packed*"]


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def of(table, host, name):
    return any(host == h and fnmatch.fnmatchcase(name, pattern) for h, pattern in table)


def some(everything, patterns):
    return {name: path for name, path in everything.items() if matches(name, patterns)}


def either(*answers):
    """Taken by one command or another."""
    return {name: programs.Answer(any(each[name].taken for each in answers), " / ".join(each[name].words for each in answers))
            for name in answers[0]}


def qemu_kernel(everything):
    """QEMU takes whatever has no HdrS and no other format for a Linux of 1994. Those are run: they must stay silent."""
    answers = programs.qemu_kernel(everything)
    ancient = {name: path for name, path in everything.items() if answers[name].words == "linuxboot"
               and path.read_bytes()[0x202:0x206] != b"HdrS"}
    for name, ran in programs.qemu_kernel_run(ancient, seconds=4).items():
        answers[name] = programs.Answer(ran.started, "taken for a Linux of protocol 0: " + ran.words)
    return {"qemu-kernel": answers}


def grub(everything):
    """linux16 counts where linux says that it should be tried, or dies of a tail."""
    answers = programs.grub({name: path for name, path in everything.items() if not of(MACHINE, "grub-linux", name)})
    told = {name: answers["linux16"][name] if "linux16" in answer.words or name == "packed-tail" else answer
            for name, answer in answers["linux"].items()}
    return {"grub-linux": told, "grub-multiboot": answers["multiboot"],
            "grub-multiboot2": answers["multiboot2"]}


def grub_efi(everything):
    """What LoadImage takes may be refused by StartImage: PE files of 32 bits."""
    answers = programs.grub_efi(everything)
    uefi = answers["chainloader"]
    started = some(everything, ["cloud", "i386*", "ipxe-efi*", "packed-pe"])
    uefi |= programs.uefi_start({name: path for name, path in started.items() if uefi[name].taken})
    # What is no PE may be a disk.
    uefi |= programs.uefi_disk({name: path for name, path in everything.items()
                                if matches(name, ["packed*", "boot-sector"]) and not uefi[name].taken})
    return {"grub-efi-linux": answers["linux"], "uefi": uefi}


def syslinux(everything):
    """Its own loader of Linux, and mboot.c32."""
    tried = some(everything, BOOTED)
    return {"syslinux": either(programs.syslinux(tried), programs.syslinux_mboot(tried))}


def ipxe(everything):
    answers = programs.ipxe(everything)
    tried = some(everything, ["packed*", "gnumach", "u-boot", "xen", "handoff-elf", "handoff*.mb1-*", "handoff32-elf.no-mb", "handoff32-elf.cut-*",
                              "memtest.setup-sects-255"])
    answers |= {name: answer for name, answer in
                programs.ipxe_boot({n: path for n, path in tried.items() if answers[n].taken}).items() if not answer.taken}
    return {"ipxe": answers}


def bios_disk(everything):
    """What runs and says no by itself ("Use a boot loader", memtest86+'s code for floppy disks) does not boot."""
    answers = programs.bios_disk(some(everything, BOOTED))
    own_no = r"Use a boot loader|^[ /0-9]+$|^silent$"
    return {"bios-disk": {name: programs.Answer(a.taken and not re.search(own_no, a.words), a.words)
                          for name, a in answers.items()}}


def xen_pvh(everything):
    """An ELF32 without notes is taken for firmware (HVM-generic): it starts, and is no PVH kernel."""
    answers = programs.xen_pvh(everything)
    return {"xen-pvh": {name: programs.Answer(a.taken and "HVM-generic" not in a.words, a.words) for name, a in answers.items()}}


def kexec(everything):
    return {"kexec": programs.kexec(everything)}


def inspect(path):
    ran = zptap.command(zptap.BINARY, "inspect", "--json", path)
    return {row["host"]: row for row in json.loads(ran.stdout)["boots"]}


class Programs(unittest.TestCase):
    """Points are added below, one an image and host."""

    def compare(self, host, name):
        answer, row = ANSWERS[host][name], VERDICTS[name][host]
        accepts = row["verdict"] != "does not"
        both = f"the program {'takes' if answer.taken else 'refuses'} it ({answer.words}); the verdict is {row['verdict']}: {row['rule']}"
        if answer.taken and not accepts:
            cannot = matches(name, CANNOT_RUN) or of(ELF64_BY_32_BIT, host, name)
            self.assertTrue(cannot or (host in BY_32_BIT and matches(name, ONLY_16_BIT)), both)
        else:
            self.assertEqual(accepts, answer.taken, both)


def point(host, name):
    def test(self):
        self.compare(host, name)
    test.__doc__ = f"{host}: {name}"
    return test


def gather(folder):
    """Answers by host and image, verdicts by image. Two programs at a time."""
    everything = images.make(folder)
    answers = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(function, everything) for function in
                 (grub, syslinux, grub_efi, ipxe, bios_disk, qemu_kernel, kexec, xen_pvh)]
        for future in asked:
            answers |= future.result()
        verdicts = dict(zip(everything, pool.map(inspect, everything.values())))
    return answers, verdicts


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as temporary:
        ANSWERS, VERDICTS = gather(pathlib.Path(temporary))
    for its_host, its_answers in sorted(ANSWERS.items()):
        for its_name in its_answers:
            if not of(MACHINE, its_host, its_name):
                setattr(Programs, f"test_{its_host}_{its_name}", point(its_host, its_name))
    zptap.main()
