# SPDX-License-Identifier: BSD-2-Clause
"""Debian on disks, as its own tools lay it out: raw images that nobody has prepared for us.

`disk(name)` is the path of an image; the first call makes all of them, in a cache, from packages of the archives that
apt has configured:

    bls    GPT: ESP by `bootctl install` and `kernel-install`, root in ext4
    grub   GPT: root in ext4 with /boot in it; grub.cfg by grub-mkconfig
    uki    GPT: ESP with a unified kernel image of systemd's stub in EFI/Linux, root in ext4

grub-mkconfig asks the kernel where the root file system lies, so it runs where that is the truth: in a machine that
runs the very image (QEMU loads the kernel), not in a chroot, where grub-probe refuses or tells of the host. No step
wants root: for others, mmdebstrap takes a user namespace and fakeroot makes the owners. Root's password is PASSWORD,
and serial consoles are asked for; else it is as Debian's packages leave it.
"""
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import tempfile
import time

import console
import zptap
from disk_images import MIB, empty, fat, gpt, tool

SUITE = "bookworm"
PASSWORD = "zeropage"
PACKAGES = ["linux-image-cloud-amd64", "systemd-sysv", "udev", "dbus", "login", "passwd", "kmod", "initramfs-tools",
            "grub-common", "systemd-boot"]
ESP_MIB = 128
ROOT_UUID = "6f1b5d0e-9a55-4c0f-8d53-2c1a7b1e4d10"
CMDLINE = f"root=UUID={ROOT_UUID} ro console=ttyS0"
KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
STUB = "usr/lib/systemd/boot/efi/linuxx64.efi.stub"

# Inside of the new system. What bootctl and kernel-install write ends up in /esp.
SETUP = f"""set -e
echo 'root:{PASSWORD}' | chpasswd
echo debian > /etc/hostname
echo 'UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1' > /etc/fstab
systemd-machine-id-setup
mkdir -p /efi /etc/kernel
echo '{CMDLINE}' > /etc/kernel/cmdline
echo layout=bls > /etc/kernel/install.conf
export SYSTEMD_RELAX_ESP_CHECKS=1 SYSTEMD_RELAX_XBOOTLDR_CHECKS=1
mount -t tmpfs tmpfs /efi # they want a file system of its own
bootctl install --no-variables --esp-path=/efi
version=$(ls /lib/modules)
mkdir -p /efi/$(cat /etc/machine-id)
kernel-install add $version /boot/vmlinuz-$version /boot/initrd.img-$version
ls /efi/loader/entries/*.conf
cp -r /efi /esp
umount /efi
mkdir -p /boot/grub
[ -e /etc/default/grub ] || echo 'GRUB_DEFAULT=0' > /etc/default/grub
cat >> /etc/default/grub <<'END'
GRUB_DISTRIBUTOR=Debian
GRUB_TIMEOUT=5
GRUB_CMDLINE_LINUX="console=ttyS0"
END
"""


# --- the system ---------------------------------------------------------------------------------------

def sources():
    """The archives of Debian that this machine's apt asks for the suite."""
    listed = tool("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    lines = {f"deb {signed}{uri} {release} main" for uri, release, component in
             (line.split() for line in listed.splitlines() if len(line.split()) == 3)
             if component == "main" and release.startswith(SUITE)}
    if not lines:
        raise RuntimeError(f"apt has no archive of Debian's {SUITE} configured")
    return "\n".join(sorted(lines)) + "\n"


def apt_options():
    """How this machine's apt reaches archives: proxies and certificates."""
    dumped = tool("apt-config", "dump").splitlines()
    return [line for line in dumped if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Retries"))
            and not line.endswith('"";')]


def bootstrap(folder):
    """The system as folder/root.tar."""
    (folder / "sources.list").write_text(sources())
    (folder / "setup").write_text(SETUP)
    options = ["APT::Install-Recommends false", 'APT::Sandbox::User "root"', *apt_options()]
    tool("mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--skip=cleanup/reproducible",
         *[f"--aptopt={option}" for option in options],
         *[f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc")],
         f"--customize-hook=chroot \"$1\" sh -s < '{folder}/setup'",
         SUITE, folder / "root.tar", folder / "sources.list", timeout=2400)


def unpack(folder):
    """Tree and file system of the system: owners and devices are right in the latter."""
    tree, image = folder / "tree", folder / "root.ext4"
    empty(image, 900 * MIB)
    script = ('mkdir -p "$1" && tar -x --numeric-owner -p -C "$1" -f "$2" && '
              'mke2fs -q -t ext4 -L root -U "$4" -d "$1" "$3"')
    fake = [] if os.geteuid() == 0 else ["fakeroot", "--"]
    tool(*fake, "sh", "-c", script, "sh", tree, folder / "root.tar", image, ROOT_UUID, timeout=600)
    return tree, image


# --- disks --------------------------------------------------------------------------------------------

def esp(path, tree):
    return fat(path, tree, ESP_MIB * MIB, "-F", "32", "-n", "ESP")


def end_of_sections(image):
    """The first address behind all sections of a PE file, as objcopy counts."""
    rows = [line.split() for line in tool("objdump", "-h", image).splitlines()]
    return max(int(row[2], 16) + int(row[3], 16) for row in rows if len(row) == 7 and row[0].isdigit())


def unified(tree, version, folder):
    """A UKI as systemd's documentation makes one: sections behind those of the stub, in order."""
    (folder / "cmdline").write_text(CMDLINE)
    (folder / "uname").write_text(version)
    parts = [(".osrel", tree / "etc/os-release"), (".cmdline", folder / "cmdline"), (".uname", folder / "uname"),
             (".initrd", tree / f"boot/initrd.img-{version}"), (".linux", tree / f"boot/vmlinuz-{version}")]
    at, words = end_of_sections(tree / STUB), []
    for name, path in parts:
        at = -(-at // 0x1000) * 0x1000
        words += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={at:#x}"]
        at += path.stat().st_size
    out = folder / f"debian-{version}.efi"
    tool("objcopy", *words, tree / STUB, out)
    return out


def make_grub_cfg(disk, tree, version):
    """Boots the disk without a boot loader and has grub-mkconfig write its file in there."""
    line = f"root=UUID={ROOT_UUID} rw console=ttyS0 quiet init=/bin/sh"
    argv = console.qemu("q35", "-drive", f"file={disk},format=raw,if=virtio", "-kernel", tree / f"boot/vmlinuz-{version}",
                        "-initrd", tree / f"boot/initrd.img-{version}", "-append", line, memory="1G")
    with console.Console(argv, 900) as machine:
        machine.expect(r"# $")
        machine.type("PS1= PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH; mount -o remount,rw /")
        machine.type("grub-mkconfig -o /boot/grub/grub.cfg && grub-editenv - create && echo 'written': $?")
        machine.expect(r"written: 0")
        machine.type("mount -o remount,ro / && sync && poweroff -f")
        machine.finish()


def make(folder):
    bootstrap(folder)
    tree, root = unpack(folder)
    version, = os.listdir(tree / "lib/modules")
    bls = esp(folder / "bls.esp", tree / "esp")
    gpt(folder / "bls.raw", ("ef00", "EFI System Partition", bls), ("8304", "root", root))
    gpt(folder / "grub.raw", ("8300", "root", root))
    make_grub_cfg(folder / "grub.raw", tree, version)
    linux = folder / "uki/EFI/Linux"
    linux.mkdir(parents=True)
    shutil.move(unified(tree, version, folder), linux)
    gpt(folder / "uki.raw", ("ef00", "EFI System Partition", esp(folder / "uki.esp", folder / "uki")),
        ("8304", "root", root))
    (folder / "version").write_text(version)
    shutil.rmtree(tree)
    for name in ("root.tar", "root.ext4", "bls.esp", "uki.esp", "setup", "sources.list", "cmdline", "uname"):
        (folder / name).unlink()
    shutil.rmtree(folder / "uki")


def take(lock):
    """Somebody else may be making the same: that has an end."""
    until = time.monotonic() + 5400
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


@functools.cache
def cache():
    """The folder with the images. A recipe that changed, this file, makes them anew."""
    kernels = pathlib.Path(os.environ.get("ZEROPAGE_CACHE", zptap.SOURCE / ".cache")) / "kernels"
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    folder = kernels / f"debian-disks-{recipe}"
    kernels.mkdir(parents=True, exist_ok=True)
    with open(kernels / ".debian-disks.lock", "w", encoding="utf-8") as lock:
        take(lock)
        if not folder.exists():
            for old in kernels.glob("debian-disks-*"):
                shutil.rmtree(old)
            work = pathlib.Path(tempfile.mkdtemp(prefix="debian-disks-", dir=kernels))
            try:
                work.chmod(0o755)
                make(work)
                work.rename(folder)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return folder


def version():
    """Of the kernel on the disks."""
    return (cache() / "version").read_text()


def disk(name):
    return cache() / f"{name}.raw"
