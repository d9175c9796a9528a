# SPDX-License-Identifier: BSD-2-Clause
"""Media that boot loaders start from: disks, a CD, folders that QEMU shows as a FAT disk or serves by TFTP.

Everything is made in a folder of the caller's. Boot loaders come from tools/kernels, nothing is installed.
"""
import functools
import os
import pathlib
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECTOR = 512

# What GRUB has built in: readers of our media, and its ways to start a kernel. `at_keyboard` and the rest of a
# terminal stay out.
GRUB_COMMON = ["normal", "configfile", "echo", "reboot", "halt", "test", "multiboot", "multiboot2", "linux", "tar"]
GRUB_BIOS = [*GRUB_COMMON, "biosdisk", "linux16"]
GRUB_EFI = [*GRUB_COMMON, "fat", "part_msdos", "chain"]


def run(*argv, timeout=120):
    """A program that makes a part of a medium, and says why when it cannot."""
    ran = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=timeout, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {ran.stderr.strip()[-300:]}")
    return ran.stdout


@functools.cache
def fetched(name):
    """What tools/kernels has under name."""
    return pathlib.Path(run(ROOT / "tools/kernels", "get", name, timeout=900).strip())


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def tar_disk(path, files):
    """A tar archive as a disk: GRUB reads it without a partition table."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, source in files.items():
            tar.add(source, arcname=name, recursive=False)
    return fill_up(path)


def fill_up(disk):
    """To a MiB at least: SeaBIOS starts nothing from smaller disks."""
    os.truncate(disk, max(disk.stat().st_size, 1 << 20))
    return disk


def grub_image(folder, kind, parts, early, modules, fmt):
    script = write(folder / "early.cfg", early)
    out = folder / f"core.{kind}"
    run(fetched("grub-mkimage"), "-d", fetched(parts), "-O", fmt, "-p", "/", "-c", script, "-o", out, *modules)
    return out


def grub_bios_disk(folder):
    """A disk with GRUB right behind its boot sector, where boot.img looks for it. It goes on with the second disk."""
    core = grub_image(folder, "img", "grub-bios", "set root=hd1\nconfigfile /grub.cfg\n", GRUB_BIOS, "i386-pc")
    disk = folder / "grub.disk"
    boot = (fetched("grub-bios") / "boot.img").read_bytes()
    disk.write_bytes(boot[:SECTOR - 2].ljust(SECTOR - 2, b"\0") + b"\x55\xaa" + core.read_bytes())
    return fill_up(disk)


def grub_efi(folder):
    return grub_image(folder, "efi", "grub-efi", "configfile $cmdpath/grub.cfg\n", GRUB_EFI, "x86_64-efi")


def iso(folder, tree):
    """A CD that starts isolinux, which lies in tree already."""
    out = folder / "boot.iso"
    run("xorriso", "-as", "mkisofs", "-quiet", "-o", out, "-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot",
        "-boot-load-size", "4", "-boot-info-table", tree)
    return out


def libraries_of(program):
    """Pairs of a file that a dynamic program wants and the name it wants it by, by the loader's own word."""
    words = run("ldd", program).split()
    return sorted({(os.path.realpath(word), word) for word in words if word.startswith("/")})


def initramfs(folder, init, files):
    """An initramfs by tools/initramfs; files maps a path inside to a file."""
    out = folder / "initramfs"
    adds = [argument for inside, source in files.items() for argument in ("--add", f"{source}:{inside}")]
    run(ROOT / "tools/initramfs", "-o", out, "--init", write(folder / "init", init), *adds)
    return out
