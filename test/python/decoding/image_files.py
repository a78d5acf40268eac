"""Writers of PNG, TIFF and PNM, for the depths, colour types and orders that Pillow does not write."""

import struct
import zlib

import numpy as np


def _big_endian(samples, bits):
    """Rows of samples [H, W, C] as bytes, `bits` each, most significant first; rows begin at a byte."""
    rows = samples.reshape(samples.shape[0], -1)
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    if bits == 8:
        return [row.astype(np.uint8).tobytes() for row in rows]
    shifts = np.arange(bits - 1, -1, -1)
    return [np.packbits(((row[:, None] >> shifts) & 1).astype(np.uint8).ravel()).tobytes() for row in rows]


def png(samples, bits, colour_type, chunks=()):
    """samples: [H, W, C]; chunks: (name, data) between the header and the pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = samples.shape[:2]
    pixels = b"".join(b"\0" + row for row in _big_endian(samples, bits))
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


def iccp(profile):
    return (b"iCCP", b"icc\0\0" + zlib.compress(profile))


SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7
_FORMATS = {SHORT: "H", LONG: "I", RATIONAL: "I", UNDEFINED: "B"}


def tiff(samples, bits, photometric, *, order="<", planar=False, deflate=False, profile=None, tags=()):
    """samples: [H, W, C], unsigned or float; tags: (number, type, values) to add."""
    height, width, channels = samples.shape
    planes = [samples[..., c : c + 1] for c in range(channels)] if planar else [samples]
    strips = []
    for plane in planes:
        if bits in (8, 1, 2, 4):
            data = b"".join(_big_endian(plane, bits))
        else:
            data = plane.astype(plane.dtype.newbyteorder(order)).tobytes()
        strips.append(zlib.compress(data) if deflate else data)
    entries = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [bits] * channels),
        (259, SHORT, [8 if deflate else 1]),
        (262, SHORT, [photometric]),
        (277, SHORT, [channels]),
        (278, LONG, [height]),
        (284, SHORT, [2 if planar else 1]),
        *tags,
    ]
    if profile is not None:
        entries.append((34675, UNDEFINED, list(profile)))
    body = b""
    offsets = []
    for strip in strips:
        offsets.append(8 + len(body))
        body += strip + b"\0" * (len(strip) % 2)
    entries += [(273, LONG, offsets), (279, LONG, [len(strip) for strip in strips])]
    records = b""
    for number, kind, values in sorted(entries):
        data = struct.pack(f"{order}{len(values)}{_FORMATS[kind]}", *values)
        count = len(values) // 2 if kind == RATIONAL else len(values)
        if len(data) > 4:
            at = struct.pack(order + "I", 8 + len(body))
            body += data + b"\0" * (len(data) % 2)
        else:
            at = data + b"\0" * (4 - len(data))
        records += struct.pack(order + "HHI", number, kind, count) + at
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(order + "H", len(entries)) + records + b"\0\0\0\0"
    return mark + struct.pack(order + "I", 8 + len(body)) + body + directory


def pnm(kind, samples, maximum=255):
    """kind: P1 to P6; samples: [H, W, C]."""
    height, width = samples.shape[:2]
    header = f"{kind}\n# made for a test\n{width} {height}\n".encode()
    if kind not in ("P1", "P4"):
        header += f"{maximum}\n".encode()
    if kind in ("P1", "P2", "P3"):
        return header + "\n".join(" ".join(str(v) for v in row) for row in samples.reshape(height, -1)).encode() + b"\n"
    bits = 1 if kind == "P4" else 8 if maximum < 256 else 16
    return header + b"".join(_big_endian(samples, bits))


def pam(samples, maximum, tuple_type):
    height, width, depth = samples.shape
    header = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {maximum}\nTUPLTYPE {tuple_type}\nENDHDR\n"
    return header.encode() + b"".join(_big_endian(samples, 8 if maximum < 256 else 16))
