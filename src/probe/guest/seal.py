# SPDX-License-Identifier: BSD-2-Clause
"""seal.py IMAGE SEALED: writes the CRC of a probe guest's body into its parameters (struct guest_parameters)."""
import pathlib
import struct
import sys
import zlib

PARAMETERS = 0x80  # GUEST_PARAMETERS
MARK = b"ZPPROBE\0"
SIZE, CRC = 48, 52  # members of struct guest_parameters


def main():
    image = bytearray(pathlib.Path(sys.argv[1]).read_bytes())
    at = image.index(MARK)
    if image.find(MARK, at + 1) >= 0:
        sys.exit(f"{sys.argv[1]}: two marks")
    (size,) = struct.unpack_from("<I", image, at + SIZE)
    body = image[at - PARAMETERS:at - PARAMETERS + size]
    if len(body) != size or body[PARAMETERS + CRC:PARAMETERS + CRC + 4] != bytes(4):
        sys.exit(f"{sys.argv[1]}: the body is cut off or sealed already")
    struct.pack_into("<I", image, at + CRC, zlib.crc32(body))
    pathlib.Path(sys.argv[2]).write_bytes(image)


main()
