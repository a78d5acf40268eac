"""Colour profiles of known meaning, byte by byte: matrix and curve of RGB, curve of grey (ICC.1:2001)."""

import struct

# Adapted to D50 by Bradford: the columns of the matrix from linear RGB to XYZ.
SRGB_COLUMNS = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
WIDE_COLUMNS = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
D50 = (0.9642, 1.0, 0.8249)


def _fixed(values):
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(values):
    return b"XYZ \0\0\0\0" + _fixed(values)


def _gamma(exponent):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def _text(words):
    text = words.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78


def _profile(space, tags):
    body = b""
    table = struct.pack(">I", len(tags))
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"\0\0\0\0", 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + _fixed(D50)
    return header + b"\0" * (128 - len(header)) + table + body


def rgb_profile(columns, exponent):
    """Matrix profile whose three channels share one exponent."""
    tags = [(b"desc", _text("test")), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", _xyz(D50))]
    tags += [(name + b"XYZ", _xyz(column)) for name, column in zip((b"r", b"g", b"b"), columns)]
    tags += [(name + b"TRC", _gamma(exponent)) for name in (b"r", b"g", b"b")]
    return _profile(b"RGB ", tags)


def grey_profile(exponent):
    tags = [(b"desc", _text("test")), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", _xyz(D50)), (b"kTRC", _gamma(exponent))]
    return _profile(b"GRAY", tags)
