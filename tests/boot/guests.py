# SPDX-License-Identifier: BSD-2-Clause
"""Guests for the boot tests: real kernels, initramfs images made to measure, and runs of `zeropage run`."""
import functools
import pathlib
import struct
import subprocess
import tempfile

import zptap

HANDOFF = zptap.BUILD / "tests/boot/guest"
# The protocols of the handoff guest, by file.
ENTRIES = [
    ("linux32", "handoff.bzimage"),
    ("linux64", "handoff.bzimage"),
    ("linux64", "handoff.elf"),
    ("linux32", "handoff32.elf"),
    ("pvh", "handoff.elf"),
    ("multiboot1", "handoff.elf"),
    ("multiboot2", "handoff.elf"),
    ("multiboot1", "handoff32.elf"),
    ("multiboot2", "handoff32.elf"),
]
MARKER = "zeropage: init reached"

# Cleared away when the test program ends.
_folder = tempfile.TemporaryDirectory(prefix="zeropage-boot-")
FOLDER = pathlib.Path(_folder.name)


def number(value):
    """A number of our JSON: addresses and registers are texts."""
    return int(value, 0) if isinstance(value, str) else value


kernel = zptap.kernel


@functools.cache
def initramfs(init=None, add=()):
    """An initramfs; init is the text of its script or a program's path, add has pairs of a file and its path inside."""
    path = FOLDER / f"initramfs-{abs(hash((init, add))):x}"
    arguments = ["-o", path]
    if isinstance(init, pathlib.Path):
        arguments += ["--init", init]
    elif init:
        script = path.with_suffix(".init")
        script.write_text(init)
        arguments += ["--init", script]
    for source, inside in add:
        arguments += ["--add", f"{source}:{inside}"]
    ran = zptap.command(zptap.SOURCE / "tools/initramfs", *arguments)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    return path


def modules(*names):
    """Paths of the cloud kernel's modules, each after those that it depends on. Built-in ones are passed over."""
    found = {path.name.removesuffix(".ko").replace("-", "_"): path
             for path in kernel("cloud-modules").rglob("*.ko")}
    order = []

    def visit(name):
        path = found.get(name.replace("-", "_"))
        if path is None or path in order:
            return
        data = path.read_bytes()
        at = data.find(b"\0depends=")
        for needed in data[at + 9:data.index(b"\0", at + 9)].decode().split(","):
            visit(needed)
        order.append(path)

    for name in names:
        visit(name)
    return order


def vmlinux(image):
    """The ELF in a bzImage with an lz4 payload (Linux Documentation/x86/boot, payload_offset)."""
    path = FOLDER / f"{image.name}.elf"
    if path.exists():
        return path
    data = image.read_bytes()
    start = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x248)[0]
    length = struct.unpack_from("<I", data, 0x24C)[0]
    stream = data[start:start + length - 4]  # the last four bytes are the size
    subprocess.run(["lz4", "-d", "-q", "-f", "-", path], input=stream, check=True, timeout=60)
    return path


def run(image, *arguments, timeout=60, typed=None):
    """Runs a guest under the QEMU engine to its end; captured output is bytes turned to text."""
    argv = [zptap.BINARY, "run", image, "--engine", "qemu", "--timeout", timeout, *arguments]
    source = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace",
                          timeout=timeout + 30, **source)
