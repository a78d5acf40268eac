"""The order of paths: by their UTF-8 bytes, so that image number i is the same on every machine."""

from __future__ import annotations

#: By code point is by UTF-8 bytes; what stands for a byte that is no UTF-8 comes after everything else.
_BYTES_LAST = {0xDC00 + byte: 0x10FF00 + byte for byte in range(0x80, 0x100)}


def by_bytes(path: str) -> str:
    """A key to sort by."""
    return path.translate(_BYTES_LAST)
