# SPDX-License-Identifier: BSD-2-Clause
"""Deliberate errors, run and judged: what the tests of the judge against them share.

An error is made by `spoil` on one of our engines, or for the 16-bit entry by the boot loader of mbr.S in a BIOS.
Each has the clause that must fail, and the clauses that fail with it because they say the same of the same bytes;
no other must clause may fail.
"""
import json
import pathlib
import re
import struct
import subprocess
import tempfile

import zptap

SPOIL = zptap.BUILD / "tests/probe/spoil"
MBR = zptap.BUILD / "tests/probe/mbr.bin"
SECTOR = 512
DISK_LEAST = 2 << 20  # SeaBIOS boots no shorter ones

IMAGES = {"linux32": "bzimage", "linux64": "bzimage", "pvh": "pvh", "multiboot1": "multiboot1",
          "multiboot2": "multiboot2"}


def mbr_numbers():
    text = (zptap.SOURCE / "tests/probe/mbr.h").read_text()
    return {name: int(value, 0) for name, value in re.findall(r"^#define MBR_(\w+)\s+(\w+)", text, re.MULTILINE)}


class Bench:
    """The probe images, the known initrd and command line, in a folder of their own."""

    def __init__(self):
        self.keep = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.keep.name)
        ran = zptap.command(zptap.BINARY, "probe", "--write", self.folder)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)

    def close(self):
        self.keep.cleanup()

    def judge(self, log, trace=None):
        """The clauses by id, of a captured serial log and perhaps a trace of the same entry."""
        argv = [zptap.BINARY, "probe", "--judge", log, "--json", "--known"]
        if trace and trace.exists():
            argv += ["--trace", trace]
        ran = zptap.command(*argv)
        if not ran.stdout:
            raise AssertionError(f"{ran.stderr}\n{log.read_text(errors='replace')[-2000:]}")
        return {clause["id"]: clause for clause in json.loads(ran.stdout)["clauses"]}

    def spoiled(self, engine, protocol, error, image=None):
        """Runs an error on an engine; the judged clauses."""
        log, trace = self.folder / "log", self.folder / "trace"
        trace.unlink(missing_ok=True)
        image = self.folder / f"probe.{image or IMAGES[protocol]}"
        argv = [SPOIL, "--engine", engine, "--protocol", protocol, "--error", error, "--initrd",
                self.folder / "probe.initrd", "--cmdline-file", self.folder / "probe.cmdline", "--trace-file", trace,
                image]
        with open(log, "wb") as out:
            ran = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                                 text=True, timeout=100)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)
        return self.judge(log, trace)

    def disk(self, error, image):
        """A disk with the boot loader, told to make that error, and what it loads."""
        mbr = mbr_numbers()
        disk = bytearray(MBR.read_bytes())
        kernel = (self.folder / f"probe.{image}").read_bytes()
        initrd = (self.folder / "probe.initrd").read_bytes()
        cmdline = (self.folder / "probe.cmdline").read_bytes().rstrip(b"\n") + b"\0"
        if len(cmdline) > mbr["CMDLINE_SIZE"]:
            raise AssertionError("the command line has no room")
        places = [len(disk) // SECTOR]
        places.append(places[0] + -(-len(kernel) // SECTOR))
        struct.pack_into("<IIIII", disk, mbr["PARAMETERS"] + mbr["ERROR"], mbr[error] if error else 0, places[0],
                         len(kernel), places[1], len(initrd))
        disk[mbr["CMDLINE"]:mbr["CMDLINE"] + len(cmdline)] = cmdline
        for part in (kernel, initrd):
            disk += part + bytes(-len(part) % SECTOR)
        disk += bytes(max(0, DISK_LEAST - len(disk)))
        path = self.folder / "disk"
        path.write_bytes(disk)
        return path

    def booted(self, error, image="bzimage"):
        """Boots an error of the 16-bit loader; the judged clauses."""
        log = self.folder / "log"
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
                "-no-reboot", "-accel", "tcg", "-m", "256", "-drive",
                f"file={self.disk(error, image)},format=raw,if=ide,snapshot=on"]
        with open(log, "wb") as out:
            subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, timeout=60, check=True)
        return self.judge(log)


def failed(clauses, levels=("must",)):
    return {name for name, clause in clauses.items() if clause["verdict"] == "fail" and clause["level"] in levels}
