# SPDX-License-Identifier: BSD-2-Clause
"""sizes.py HEADER IMAGE...: sizes of the probe guest's images as constants, for the table in images.c."""
import pathlib
import sys

with open(sys.argv[1], "w", encoding="ascii") as header:
    for image in map(pathlib.Path, sys.argv[2:]):
        header.write(f"#define ZP_PROBE_SIZE_{image.name.removeprefix('probe.')} {image.stat().st_size}\n")
