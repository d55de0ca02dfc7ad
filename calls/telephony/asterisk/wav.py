"""WAV files of Asterisk: when it is killed during a call, the header says that there is no sound; there is."""

from __future__ import annotations

import struct
from typing import IO

HEADER = 44  # Asterisk writes RIFF, fmt of 16 bytes, data, and nothing else


def complete_header(file: IO[bytes], size: int) -> bool:
    """Write the lengths that ``size`` bytes have into the header of the open, seekable file; whether that was needed."""
    file.seek(0)
    header = file.read(HEADER)
    is_plain = len(header) == HEADER and header[:4] == b"RIFF" and header[8:16] == b"WAVEfmt " and header[36:40] == b"data"
    told = struct.unpack_from("<I", header, 40)[0] if is_plain else 0
    is_wrong = is_plain and (told == 0 or HEADER + told > size) and size > HEADER
    if is_wrong:
        for offset, length in ((4, size - 8), (40, size - HEADER)):
            file.seek(offset)
            file.write(struct.pack("<I", length))
    file.seek(0, 2)
    return is_wrong
