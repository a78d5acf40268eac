"""What files among images are, by the extensions of their names and by their first bytes (docs/data.md, "What is
found")."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

SUPPORTED_FORMATS = "png, jpg, webp, gif, bmp, tiff, avif or pnm"
#: So many leading bytes are looked at: what tells an HTML page or a DICOM image may come late.
HEAD_BYTES = 256


def _extensions(names: str) -> frozenset[str]:
    return frozenset(f".{name}" for name in names.split())


IMAGE_EXTENSIONS = _extensions("png jpg jpeg jpe jfif webp gif bmp dib tif tiff avif pbm pgm ppm pnm pam")


@dataclass(frozen=True)
class _Kind:
    one: str
    many: str
    #: what to do about it, where these are images that somebody may have meant to train on
    remedy: str | None = None
    #: why a file that is named as an image and holds this is of no use
    reason: str | None = None
    #: files of these extensions are not opened: it is known what they are, or what they begin with would mislead
    known: frozenset[str] = frozenset()
    #: what files are where their first bytes do not say
    claimed: frozenset[str] = frozenset()


def _image(name: str, remedy: str, reason: str, claimed: str = "", noun: str = "image", known: str = "") -> _Kind:
    return _Kind(f"{name} {noun}", f"{name} {noun}s", remedy, reason, _extensions(known), _extensions(claimed))


def _other(one: str, many: str = "", known: str = "", reason: str | None = None) -> _Kind:
    return _Kind(one, many or f"{one}s", None, reason, _extensions(known))


_CONVERT = "convert them to PNG or JPEG"
_RAW = "nef nrw cr2 cr3 crw arw sr2 srf dng orf pef raf rw2 rwl srw x3f 3fr iiq kdc mrw erf mef"
_OTHER = "tga pcx dds qoi xcf xpm xbm fits fit wmf emf ras sgi pict pct flif bpg kra"
_TEXT = "txt md rst csv tsv json jsonl ndjson yaml yml toml ini cfg conf xml log tex bib srt vtt sha1 sha256 md5"
_SOURCE = "py js mjs ts sh bat ps1 c h cpp java rb go rs m r ipynb css"
_TABLE = (
    "npy npz pt pth ckpt safetensors h5 hdf5 parquet arrow feather tfrecord tfrecords pkl pickle mat db sqlite lmdb"
)
_DOCUMENT = "pdf doc docx odt rtf ppt pptx odp xls xlsx ods epub ps eps ai"
_VIDEO = "mp4 m4v mov avi mkv webm mpg mpeg wmv flv 3gp mts m2ts"

_KINDS: dict[str, _Kind] = {
    "heic": _image(
        "HEIC",
        "convert them to JPEG or AVIF, for example with heif-convert or ImageMagick",
        "a HEIC image; convert it to JPEG, PNG or AVIF",
        "heic heif hif",
    ),
    "jpegXl": _image(
        "JPEG XL", f"{_CONVERT}, for example with djxl", "a JPEG XL image; convert it to PNG or JPEG", "jxl"
    ),
    "jpeg2000": _image(
        "JPEG 2000", _CONVERT, "a JPEG 2000 image; convert it to PNG or JPEG", "jp2 j2k jpf jpx jpm j2c"
    ),
    "raw": _image(
        "camera RAW",
        "develop them to TIFF or JPEG, for example with darktable or dcraw",
        "a camera's RAW file; develop it to TIFF or JPEG",
        known=_RAW,
    ),
    "psd": _image("Photoshop", _CONVERT, "a Photoshop file; convert it to PNG", "psd psb"),
    "openExr": _image("OpenEXR", _CONVERT, "an OpenEXR image; convert it to PNG", "exr"),
    "radiance": _image("Radiance HDR", _CONVERT, "a Radiance HDR image; convert it to PNG", "hdr rgbe"),
    "svg": _image("SVG", _CONVERT, "an SVG drawing; convert it to PNG", "svg svgz", "drawing"),
    "icon": _image("icon", _CONVERT, "an icon; convert it to PNG", "ico icns cur", "file"),
    "dicom": _image("DICOM", _CONVERT, "a DICOM image; convert it to PNG", "dcm dicom"),
    "otherImage": _Kind(
        "image file of another format",
        "image files of another format",
        _CONVERT,
        "an image of another format; convert it to PNG",
        claimed=_extensions(_OTHER),
    ),
    "lfsPointer": _Kind(
        "Git LFS pointer",
        "Git LFS pointers",
        "fetch the files with `git lfs pull`",
        "a Git LFS pointer, not the image itself; fetch it with `git lfs pull`",
    ),
    "unreadable": _Kind(
        "file that may not be read", "files that may not be read", "give yourself the right to read them"
    ),
    "unfinished": _other("unfinished download", known="part partial crdownload download aria2 tmp"),
    "brokenLink": _other("link to nowhere", "links to nowhere"),
    "empty": _other("empty file", reason="the file is empty"),
    # Of a WebDataset; those of its samples go with these.
    "label": _other("label without an image", "labels without an image", known="cls"),
    "text": _other("text file", known=f"{_TEXT} {_SOURCE}"),
    "table": _other("data file", known=_TABLE),
    "document": _other("document", known=_DOCUMENT, reason="a PDF or PostScript document; convert it to PNG"),
    "webPage": _other("web page", known="html htm mhtml", reason="a web page saved under an image's name"),
    "archive": _other("archive", known="zip tar gz tgz bz2 xz zst 7z rar iso", reason="a ZIP or other archive"),
    "video": _other("video", known=_VIDEO, reason="a video file"),
    "sound": _other("sound file", known="mp3 wav flac ogg opus m4a aac wma mid", reason="a sound file"),
    "other": _other("other file"),
}


def known_kind(extension: str) -> str | None:
    """Of a file that need not be opened. extension: lower case, with its dot."""
    return next((name for name, kind in _KINDS.items() if extension in kind.known), None)


def looked_at(head: bytes, extension: str) -> str | None:
    """What a file is that had to be opened; None: an image that can be read."""
    if image_format(head) is not None:
        return None
    claimed = next((name for name, kind in _KINDS.items() if extension in kind.claimed), None)
    return foreign_kind(head) or claimed or "other"


def image_format(head: bytes) -> str | None:
    """The format of a readable image by its first bytes, HEAD_BYTES of them where the file has so many."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"BM"):
        return "BMP" if _is_bitmap(head) else None
    # Classic TIFF and BigTIFF; Canon's RAW files begin as one.
    if re.match(rb"II[*+]\0|MM\0[*+]", head):
        return None if head[8:10] == b"CR" else "TIFF"
    if {b"avif", b"avis"} & set(_brands(head)):
        return "AVIF"
    return "PNM" if _is_portable_map(head) else None


_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def _is_bitmap(head: bytes) -> bool:
    """Two letters alone would make a bitmap of any text about a BMW."""
    if len(head) < 18:
        return True  # cut short, which its reader says
    header = int.from_bytes(head[14:18], "little")
    return header in _BMP_HEADERS or (header < 0x10000 and head[6:10] == bytes(4))


def _is_portable_map(head: bytes) -> bool:
    text = head[:HEAD_BYTES].decode("latin-1")
    if re.match(r"P7\s+(#[^\n]*\n\s*)*(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)\s", text):
        return True
    return re.match(r"P[1-6Ff]\s+(#[^\n]*(\n\s*|$))*(\d+\s+(#[^\n]*(\n\s*|$))*\d|$)", text) is not None


def _brands(head: bytes) -> list[bytes]:
    """Brands of an ISO media file (AVIF, HEIC, MP4 …)."""
    if head[4:8] != b"ftyp":
        return []
    end = min(len(head), int.from_bytes(head[:4], "big"), HEAD_BYTES)
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


_SIGNATURES: list[tuple[str, int, tuple[bytes, ...]]] = [
    ("jpegXl", 0, (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n")),
    ("jpeg2000", 0, (b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51")),
    ("raw", 0, (b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILMCCD-RAW", b"\0MRM", b"FOVb")),
    ("raw", 8, (b"CR\x02\0",)),
    ("psd", 0, (b"8BPS",)),
    ("openExr", 0, (b"v/1\x01",)),
    ("radiance", 0, (b"#?RADIANCE", b"#?RGBE")),
    ("otherImage", 0, (b"DDS ", b"qoif", b"gimp xcf", b"FLIF", b"SIMPLE  =", b"BPG\xfb")),
    ("dicom", 128, (b"DICM",)),
    ("lfsPointer", 0, (b"version https://git-lfs",)),
    ("document", 0, (b"%PDF", b"%!PS")),
    ("archive", 0, (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!")),
    ("sound", 0, (b"ID3", b"fLaC", b"OggS")),
    ("sound", 8, (b"WAVEfmt",)),
    ("video", 0, (b"\x1a\x45\xdf\xa3",)),
    ("video", 8, (b"AVI LIST",)),
]


def foreign_kind(head: bytes) -> str | None:
    """What a file is whose first bytes are none of a readable image; None where they do not tell."""
    if not head:
        return "empty"
    brands = _brands(head)
    if any(re.fullmatch(rb"hei[cxms]|hev[cxms]|mif1|msf1", brand) for brand in brands):
        return "heic"
    if b"crx " in brands:
        return "raw"
    if brands:
        return "video"
    for kind, offset, texts in _SIGNATURES:
        if head.startswith(texts, offset):
            return kind
    if re.match(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*-->\s*)?<svg", head, re.IGNORECASE | re.DOTALL):
        return "svg"
    return "webPage" if re.match(rb"\s*<(!doctype|html)", head, re.IGNORECASE) else None


def foreign_reason(head: bytes) -> str:
    """Why a file without the signature of a readable image is no usable one."""
    kind = foreign_kind(head)
    reason = _KINDS[kind].reason if kind else None
    if reason is not None:
        return reason
    return "filled with zero bytes" if not any(head) else f"not a {SUPPORTED_FORMATS} image"


def left_out_text(left_out: Counter[str]) -> str | None:
    """Such as `23 files left out: 20 HEIC images (not read: convert them to JPEG or AVIF, …), 3 text files`; None: none
    were."""
    total = sum(left_out.values())
    if total == 0:
        return None
    # Images first, the most frequent first.
    kinds = sorted(left_out.items(), key=lambda entry: (_KINDS[entry[0]].remedy is None, -entry[1]))
    parts = []
    for name, files in kinds:
        kind = _KINDS[name]
        remedy = kind.remedy if kind.remedy is None or files > 1 else re.sub(r"\bthem\b", "it", kind.remedy, count=1)
        what = f"{files:,} {kind.one if files == 1 else kind.many}"
        parts.append(what if remedy is None else f"{what} (not read: {remedy})")
    return f"{total:,} {'file' if total == 1 else 'files'} left out: {', '.join(parts)}"
