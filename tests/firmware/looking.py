# SPDX-License-Identifier: BSD-2-Clause
"""What the firmware's readers see in an image (tests/gen/fw_look.c)."""
import json
import os
import zlib

import zptap

LOOK = os.environ.get("ZP_FW_LOOK", str(zptap.BUILD / "tests/gen/fw-look"))


class Seen:
    """The lines of fw-look, by their kinds."""

    def __init__(self, image, *path, sector=512, timeout=60, **options):
        argv = [LOOK, "--sector", sector]
        for name, value in options.items():
            argv += [f"--{name}", value]
        ran = zptap.command(*argv, image, *path, timeout=timeout)
        if ran.returncode != 0:
            raise AssertionError(f"fw-look: {ran.returncode} {ran.stderr}")
        self.lines = [json.loads(line) for line in ran.stdout.splitlines()]
        if "end" not in self.lines[-1]:
            raise AssertionError("fw-look did not come to its end")

    def of(self, kind):
        return [line for line in self.lines if next(iter(line)) == kind]

    @property
    def notes(self):
        return [text(line["note"]) for line in self.of("note")]

    @property
    def reads(self):
        return self.lines[-1]["reads"]

    def files(self, volume=None):
        """Path -> (size, CRC32)."""
        return {text(line["file"]): (line["size"], line["crc32"]) for line in self.of("file")
                if volume in (None, line["volume"])}

    def directories(self, volume=None):
        return {text(line["directory"]) for line in self.of("directory") if volume in (None, line["volume"])}


def text(latin):
    """Names come with each byte as a Latin-1 character."""
    return latin.encode("latin-1").decode("utf-8", "surrogateescape")


def content(data):
    """What Seen.files holds of a file with these bytes."""
    return len(data), f"{zlib.crc32(data):08x}"
