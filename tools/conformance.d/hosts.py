# SPDX-License-Identifier: BSD-2-Clause
"""Hosts: programs that start kernels, and how each is given the probe.

A way is one entry of one host: `Way.argv(job)` makes what it needs in job.folder and returns the command that boots.
"""
import dataclasses
import pathlib
import shlex

import media

QEMU = "qemu-system-x86_64"
OVMF = "/usr/share/ovmf/OVMF.fd"
# -display none rather than -nographic: with the latter SeaBIOS puts the screen of 16-bit programs on the serial port.
PLAIN = ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio"]
NO_NET = ["-net", "none"]


@dataclasses.dataclass
class Job:
    """What is to be booted: the probe in one shape, an initrd and a command line, and a folder to work in."""
    image: pathlib.Path
    name: str
    initrd: pathlib.Path
    cmdline: str
    folder: pathlib.Path


@dataclasses.dataclass
class Way:
    host: str            # "grub-bios"
    way: str             # "linux"
    title: str           # for the table
    images: tuple
    argv: object         # makes the command of a Job; None for our engines
    programs: tuple      # whose versions are told
    hands: str = "both"  # what can be handed over: "both", the "cmdline" alone, or "nothing"
    engine: str = ""     # one of ours
    note: str = ""       # a paragraph for the page
    timeout: int = 60

    @property
    def name(self):
        return f"{self.host}.{self.way}"


def qemu(machine, *options, memory=256, net=NO_NET, cpu="max"):
    return [QEMU, "-machine", f"{machine},accel=tcg", "-cpu", cpu, "-m", str(memory), *PLAIN, *net, *map(str, options)]


# --- QEMU's own loader ------------------------------------------------------------------------------

def kernel(machine, *firmware):
    return lambda job: qemu(machine, *firmware, "-kernel", job.image, "-initrd", job.initrd, "-append", job.cmdline)


def kernel_alone(machine, *firmware):
    return lambda job: qemu(machine, *firmware, "-kernel", job.image, "-append", job.cmdline)


def esp(job):
    tree = job.folder / "esp"
    media.copy(job.image, tree / "EFI/BOOT/BOOTX64.EFI")
    return qemu("q35", "-bios", OVMF, *fat_disk(tree))


def fat_disk(folder):
    """A folder as a disk: QEMU makes a FAT file system of it as it is read."""
    return ["-drive", f"file=fat:rw:{folder},format=raw,if=none,id=esp", "-device", "ide-hd,drive=esp"]


# --- GRUB ---------------------------------------------------------------------------------------------

def grub_words(text):
    """Words as GRUB's scripts quote them; it puts one blank between them again."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in text.split())


def grub_config(job, command):
    line = grub_words(job.cmdline)
    if command in ("linux", "linux16"):
        text = f"{command} /probe {line}\n{command.replace('linux', 'initrd')} /initrd\n"
    elif command == "chainloader":
        text = f"chainloader /probe {line}\n"
    else:
        text = f"{command} /probe {line}\n{command.replace('multiboot', 'module')} /initrd\n"
    # What goes wrong ends the machine, and with it the wait.
    return media.write(job.folder / "grub.cfg", text + "boot\nhalt\n")


def grub_bios(command):
    def argv(job):
        files = {"grub.cfg": grub_config(job, command), "probe": job.image, "initrd": job.initrd}
        disks = [media.grub_bios_disk(job.folder), media.tar_disk(job.folder / "files.tar", files)]
        return qemu("pc", *[word for disk in disks for word in ("-drive", f"file={disk},format=raw,if=ide")])
    return argv


def grub_efi(command):
    def argv(job):
        tree = job.folder / "esp"
        media.copy(media.grub_efi(job.folder), tree / "EFI/BOOT/BOOTX64.EFI")
        media.copy(grub_config(job, command), tree / "EFI/BOOT/grub.cfg")
        media.copy(job.image, tree / "probe")
        if job.initrd:
            media.copy(job.initrd, tree / "initrd")
        return qemu("q35", "-bios", OVMF, *fat_disk(tree))
    return argv


# --- SYSLINUX -----------------------------------------------------------------------------------------

def syslinux_tree(job, modules, names, config):
    tree = job.folder / "tree"
    for name in names:
        media.copy(media.fetched("syslinux") / modules / name, tree / name)
    media.copy(job.image, tree / "probe")
    media.copy(job.initrd, tree / "initrd")
    media.write(tree / config, syslinux_config(job))
    return tree


def syslinux_config(job):
    if "multiboot" in job.name:
        boot = f"COM32 mboot.c32\nAPPEND probe {job.cmdline} --- initrd\n"
    else:
        boot = f"LINUX probe\nINITRD initrd\nAPPEND {job.cmdline}\n"
    return f"DEFAULT probe\nNOESCAPE 1\nPROMPT 0\nLABEL probe\n{boot}"


def isolinux(job):
    tree = syslinux_tree(job, "bios", ["ldlinux.c32", "libcom32.c32", "mboot.c32"], "isolinux.cfg")
    media.copy(media.fetched("isolinux"), tree / "isolinux.bin")
    return qemu("pc", "-cdrom", media.iso(job.folder, tree), "-boot", "d")


def tftp(tree, file, device="e1000"):
    return ["-netdev", f"user,id=net,restrict=on,tftp={tree},bootfile={file}", "-device", f"{device},netdev=net"]


def pxelinux(job):
    tree = syslinux_tree(job, "bios", ["ldlinux.c32", "libcom32.c32", "mboot.c32"], "pxelinux.cfg/default")
    media.copy(media.fetched("pxelinux"), tree / "pxelinux.0")
    return qemu("pc", "-boot", "n", net=tftp(tree, "pxelinux.0"))


def syslinux_efi(job):
    tree = syslinux_tree(job, "efi64", ["ldlinux.e64"], "syslinux.cfg")
    media.copy(media.fetched("syslinux-efi"), tree / "EFI/BOOT/BOOTX64.EFI")
    return qemu("q35", "-bios", OVMF, *fat_disk(tree))


# --- iPXE ---------------------------------------------------------------------------------------------

def ipxe_tree(job):
    tree = job.folder / "tree"
    media.copy(job.image, tree / "probe")
    initrd = ""
    if job.initrd:
        media.copy(job.initrd, tree / "initrd")
        initrd = "initrd tftp://${next-server}/initrd\n"
    media.write(tree / "boot.ipxe", "#!ipxe\ndhcp\n"
                f"kernel tftp://${{next-server}}/probe {job.cmdline}\n{initrd}boot || poweroff\n")
    return tree


def ipxe_bios(job):
    tree = ipxe_tree(job)
    return qemu("pc", "-kernel", media.fetched("ipxe"), "-initrd", tree / "boot.ipxe", net=tftp(tree, "boot.ipxe"))


def ipxe_efi(job):
    tree = ipxe_tree(job)
    disk = job.folder / "esp"
    media.copy(media.fetched("ipxe-efi"), disk / "EFI/BOOT/BOOTX64.EFI")
    return qemu("q35", "-bios", OVMF, *fat_disk(disk), net=tftp(tree, "boot.ipxe", "e1000,romfile="))


# --- kexec --------------------------------------------------------------------------------------------

KEXEC = "/sbin/kexec"
LA57 = ("Where the CPU has 5-level paging and Linux uses it, kexec\\_file\\_load refuses a kernel without XLF\\_5LEVEL, as "
        "the probe is; kexec\\_load does not look, and enters it with 5-level page tables.")
KEXEC_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null >/dev/ttyS0 2>&1
/sbin/kexec COMMAND && /sbin/kexec -e
poweroff -f
"""


def kexec(*options, cpu="max,la57=off"):
    """kexec in a Linux of its own, which keeps its messages to itself."""
    def argv(job):
        module = ["--module=/initrd"] if "multiboot" in job.name else ["--initrd=/initrd"]
        words = [*options, "-l", "/probe", *module, f"--command-line={job.cmdline}"]
        files = {"sbin/kexec": KEXEC, "probe": job.image, "initrd": job.initrd}
        files.update((asked.strip("/"), real) for real, asked in media.libraries_of(KEXEC))
        init = KEXEC_INIT.replace("COMMAND", shlex.join(words))
        return qemu("q35", "-kernel", media.fetched("cloud"), "-initrd",
                    media.initramfs(job.folder, init, files), "-append", "console=tty0 quiet", memory=512, cpu=cpu)
    return argv


# --- others -------------------------------------------------------------------------------------------

def systemd_boot(job):
    tree = job.folder / "esp"
    media.copy(media.fetched("systemd-boot"), tree / "EFI/BOOT/BOOTX64.EFI")
    media.copy(job.image, tree / "probe.efi")
    media.write(tree / "loader/loader.conf", "timeout 0\ndefault probe.conf\n")
    # `efi` takes no initrd: systemd-boot would put `initrd=` in front of the options.
    media.write(tree / "loader/entries/probe.conf", f"title probe\nefi /probe.efi\noptions {job.cmdline}\n")
    return qemu("q35", "-bios", OVMF, *fat_disk(tree))


def systemd_stub(job):
    """A unified kernel image: systemd's stub with the probe as its kernel."""
    tree = job.folder / "esp"
    cmdline = media.write(job.folder / "cmdline", job.cmdline)
    sections = [(".cmdline", cmdline, 0x30000), (".linux", job.image, 0x2000000), (".initrd", job.initrd, 0x3000000)]
    out = tree / "EFI/BOOT/BOOTX64.EFI"
    out.parent.mkdir(parents=True)
    words = [word for name, file, at in sections
             for word in ("--add-section", f"{name}={file}", "--change-section-vma", f"{name}={at:#x}")]
    media.run("objcopy", *words, media.fetched("systemd-boot").parent / "linuxx64.efi.stub", out)
    return qemu("q35", "-bios", OVMF, *fat_disk(tree))


def u_boot(rom):
    def argv(job):
        # U-Boot's shell has quotes as sh, without an escape inside of '...'.
        words = job.cmdline.replace("'", "'\\''")
        steps = [("autoboot", ""), ("=> ", f"setenv bootargs '{words}'"), ("=> ", "qfw load 1000000 4000000"),
                 ("=> ", "zboot 1000000 - 4000000 ${filesize}"), ("=> ", "poweroff")]
        typed = media.write(job.folder / "typed", "".join(f"{wait}\t{text}\n" for wait, text in steps))
        typist = pathlib.Path(__file__).parent / "typist.py"
        return [typist, typed, *qemu("pc", "-bios", media.fetched(rom), "-kernel", job.image, "-initrd", job.initrd)]
    return argv


def xen(job):
    """Xen, a multiboot kernel itself, builds its first domain of the probe. It keeps off the serial port."""
    modules = f"{job.image} {job.cmdline.replace(',', ',,')},{job.initrd}"
    # Xen lets no PVH domain have devices without an IOMMU.
    return [QEMU, "-machine", "q35,accel=tcg,kernel-irqchip=split", "-cpu", "EPYC,+svm,+npt", "-m", "512", *PLAIN, *NO_NET,
            "-device", "amd-iommu", "-kernel", media.fetched("xen"), "-initrd", modules,
            "-append", "dom0=pvh dom0_mem=256M console=none noreboot"]


TITLES = {
    "kvm": "zeropage, KVM",
    "qemu": "zeropage, QEMU engine",
    "qemu-pc": "QEMU, pc",
    "qemu-q35": "QEMU, q35",
    "qemu-microvm": "QEMU, microvm",
    "ovmf": "OVMF",
    "grub-bios": "GRUB, BIOS",
    "grub-efi": "GRUB, UEFI",
    "isolinux": "ISOLINUX",
    "pxelinux": "PXELINUX",
    "syslinux-efi": "SYSLINUX, UEFI",
    "ipxe": "iPXE, BIOS",
    "ipxe-efi": "iPXE, UEFI",
    "kexec": "kexec",
    "systemd-boot": "systemd-boot",
    "systemd-stub": "systemd-stub",
    "u-boot": "U-Boot",
    "xen": "Xen",
}

BZIMAGES = ("bzimage", "bzimage32", "bzimage16")
QEMU_SEABIOS = ("qemu", "seabios")


def ours(engine):
    """Our engines; `zeropage probe` starts them itself, and sees them from outside too."""
    images = {"linux32": ("bzimage", "bzimage32"), "linux64": ("bzimage", "elf64"), "pvh": ("pvh",),
              "multiboot1": ("multiboot1",), "multiboot2": ("multiboot2",)}
    if engine == "qemu":  # which has SeaBIOS
        images = {"linux16": ("bzimage16",), **images}
    return [Way(engine, protocol, protocol, names, None, (), engine=engine) for protocol, names in images.items()]


def kexec_type(name, images, *options):
    return Way("kexec", name, f"`{' '.join(options)}`", images, kexec(*options), ("kexec", "linux"))


WAYS = [
    *ours("kvm"), *ours("qemu"),
    Way("qemu-pc", "kernel", "`-kernel`, SeaBIOS", (*BZIMAGES, "pvh", "multiboot1"), kernel("pc"), QEMU_SEABIOS),
    Way("qemu-q35", "kernel", "`-kernel`, SeaBIOS", (*BZIMAGES, "pvh", "multiboot1"), kernel("q35"), QEMU_SEABIOS),
    Way("qemu-microvm", "qboot", "`-kernel`, qboot", (*BZIMAGES, "pvh"), kernel("microvm", "-bios", "qboot.rom"), QEMU_SEABIOS),
    Way("qemu-microvm", "seabios", "`-kernel`, SeaBIOS", (*BZIMAGES, "pvh"),
        kernel("microvm", "-bios", "bios-microvm.bin"), QEMU_SEABIOS),
    Way("ovmf", "kernel", "`-kernel`", ("bzimage", "bzimage32"), kernel("q35", "-bios", OVMF), ("ovmf", "qemu")),
    Way("ovmf", "kernel-efi", "`-kernel` with an EFI application", ("efi",), kernel_alone("q35", "-bios", OVMF), ("ovmf", "qemu"),
        hands="cmdline"),
    Way("ovmf", "esp", "`BOOTX64.EFI` of an ESP", ("efi",), esp, ("ovmf", "qemu"), hands="nothing"),
    Way("grub-bios", "linux", "`linux`", BZIMAGES, grub_bios("linux"), ("grub", "seabios")),
    Way("grub-bios", "linux16", "`linux16`", BZIMAGES, grub_bios("linux16"), ("grub", "seabios")),
    Way("grub-bios", "multiboot", "`multiboot`", ("multiboot1",), grub_bios("multiboot"), ("grub", "seabios")),
    Way("grub-bios", "multiboot2", "`multiboot2`", ("multiboot2",), grub_bios("multiboot2"), ("grub", "seabios")),
    Way("grub-efi", "linux", "`linux`", ("bzimage", "bzimage32"), grub_efi("linux"), ("grub", "ovmf")),
    Way("grub-efi", "multiboot", "`multiboot`", ("multiboot1",), grub_efi("multiboot"), ("grub", "ovmf")),
    Way("grub-efi", "multiboot2", "`multiboot2`", ("multiboot2",), grub_efi("multiboot2"), ("grub", "ovmf")),
    Way("grub-efi", "chainloader", "`chainloader`", ("efi",), grub_efi("chainloader"), ("grub", "ovmf"), hands="cmdline"),
    Way("isolinux", "cd", "CD", (*BZIMAGES, "multiboot1"), isolinux, ("syslinux", "seabios")),
    Way("pxelinux", "net", "network", (*BZIMAGES, "multiboot1"), pxelinux, ("syslinux", "seabios")),
    Way("syslinux-efi", "esp", "ESP", ("bzimage", "bzimage32"), syslinux_efi, ("syslinux", "ovmf")),
    Way("ipxe", "lkrn", "`ipxe.lkrn`", (*BZIMAGES, "multiboot1"), ipxe_bios, ("ipxe", "seabios")),
    Way("ipxe-efi", "esp", "`ipxe.efi`", ("efi",), ipxe_efi, ("ipxe", "ovmf"), hands="cmdline"),
    kexec_type("bzimage64", ("bzimage",), "-c", "-t", "bzImage64"),
    kexec_type("bzimage", ("bzimage", "bzimage32"), "-c", "-t", "bzImage"),
    kexec_type("real-mode", ("bzimage",), "-c", "-t", "bzImage", "--real-mode"),
    kexec_type("elf", ("elf64", "pvh"), "-c", "-t", "elf-x86_64", "--args-linux"),
    kexec_type("multiboot", ("multiboot1",), "-c", "-t", "multiboot-x86"),
    kexec_type("multiboot2", ("multiboot2",), "-c", "-t", "multiboot2-x86"),
    kexec_type("file", ("bzimage",), "-s"),
    Way("kexec", "bzimage64-la57", "`-c -t bzImage64`, CPU with 5-level paging", ("bzimage",),
        kexec("-c", "-t", "bzImage64", cpu="max"), ("kexec", "linux"), note=LA57),
    Way("systemd-boot", "efi", "`efi`", ("efi",), systemd_boot, ("systemd-boot", "ovmf"), hands="cmdline"),
    Way("systemd-stub", "uki", "unified kernel image", ("efi",), systemd_stub, ("systemd-boot", "ovmf")),
    Way("u-boot", "zboot", "`zboot`", ("bzimage", "bzimage32"), u_boot("u-boot-rom"), ("u-boot", "qemu")),
    Way("u-boot", "zboot64", "`zboot`, U-Boot in 64-bit code", ("bzimage",), u_boot("u-boot-rom64"), ("u-boot", "qemu")),
    Way("xen", "dom0", "`dom0=pvh`", ("pvh",), xen, ("xen", "qemu")),
]
