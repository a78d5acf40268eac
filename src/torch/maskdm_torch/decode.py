"""One image file's bytes to the pixels the model trains on (docs/data.md, "How an image is converted"), with Pillow.

Sizes, cropping, compositing, luma and orientation are those of the other engine; where kinds of samples are converted
or sizes change, values may differ by rounding, and what Pillow cannot read is refused.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

from .image_kinds import HEAD_BYTES, foreign_reason, image_format

MAX_PIXELS = 2**28
MAX_SIDE = 65_535

#: Names the decoder in cache keys and checkpoints: another version may round differently.
DECODER = f"rules 2, pillow {PIL.__version__}"

#: Pixels repeated around an image that grows: as far as its filter reaches, and one for where it begins.
_EDGE = 3

Image.MAX_IMAGE_PIXELS = None  # sizes are looked at below, with a reason of this program's own


@dataclass(frozen=True)
class PixelSettings:
    """Everything that decides which pixels an image becomes."""

    image_size: int
    channels: int
    #: #rrggbb, lower case
    background: str

    @property
    def image_bytes(self) -> int:
        return self.image_size**2 * self.channels


class BrokenImage(Exception):
    """An image that cannot be used; the message is the reason, for the user."""


def decode_image(data: bytes, settings: PixelSettings) -> np.ndarray:
    """The first page, upright, as 8-bit sRGB on the background, its short side resized and the middle cut out.

    Returns uint8 [H, W, C]; one channel is the luma of Rec. 601. Raises BrokenImage.
    """
    kind = image_format(data[:HEAD_BYTES])
    if kind is None:
        raise BrokenImage(foreign_reason(data[:HEAD_BYTES]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                _check_size(image)
                pixels = _cover(
                    _on_background(_to_srgb(ImageOps.exif_transpose(image)), settings.background), settings.image_size
                )
    except BrokenImage:
        raise
    except Exception as error:  # noqa: BLE001
        detail = str(error).split("\n")[0]
        raise BrokenImage(f"a damaged, cut short or unsupported {kind} ({detail or type(error).__name__})") from None
    return np.asarray(pixels.convert("L"))[..., None] if settings.channels == 1 else np.asarray(pixels)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BrokenImage(f"a {image.format} of more than {MAX_PIXELS // 10**6} million pixels")
    if max(width, height) > MAX_SIDE:
        raise BrokenImage(f"{width} x {height} pixels: sides may have up to {MAX_SIDE}")


def _to_srgb(image: Image.Image) -> Image.Image:
    """RGB or RGBA, 8 bits, sRGB."""
    if image.mode in ("F", "I"):
        # Pillow has 16-bit grey as I, too, where a PNG holds it.
        if image.mode == "F" or image.format not in ("PNG", "PPM"):
            raise BrokenImage(
                "samples of floating point or 32 bits are not supported, convert it to 8 or 16 bits per channel"
            )
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode.startswith("I;16"):
        image = _from_grey16(image)
    profile = image.info.get("icc_profile")
    has_alpha = image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if has_alpha else "RGB")
    if profile and image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        image = _from_profile(image, profile)
    return image.convert("RGBA" if has_alpha else "RGB")


def _from_grey16(image: Image.Image) -> Image.Image:
    info = {name: value for name, value in image.info.items() if name == "icc_profile"}
    grey = Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    grey.info.update(info)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(np.asarray(image) == transparent, 0, 255).astype(np.uint8)))
        grey.info.update(info)
    return grey


def _from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """By the embedded profile, perceptual intent; one that is damaged or made for other colours is ignored."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colours = image.convert("L" if image.mode in ("L", "LA") else "RGB") if image.mode != "CMYK" else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if converted is None:
        return image
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _on_background(image: Image.Image, background: str) -> Image.Image:
    if image.mode != "RGBA":
        return image
    values = np.asarray(image).astype(np.uint16)
    alpha = values[..., 3:]
    colour = np.array([int(background[at : at + 2], 16) for at in (1, 3, 5)], np.uint16)
    return Image.fromarray(((values[..., :3] * alpha + colour * (255 - alpha)) // 255).astype(np.uint8))


def _cover(image: Image.Image, size: int) -> Image.Image:
    """The short side becomes `size` by Lanczos 3 (bicubic where it grows), and the middle square is cut out. RGB."""
    factor = min(image.size) / size
    left, top = (_first_pixel(side, factor, size) for side in image.size)
    if factor == 1:
        return image.crop((left, top, left + size, top + size))
    method = Image.Resampling.LANCZOS
    if factor < 1:
        method = Image.Resampling.BICUBIC
        # The other engine's library samples half a new pixel further up and left, and repeats what is at the edge.
        image = Image.fromarray(np.pad(np.asarray(image), ((_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0)), "edge"))
        left, top = left + _EDGE - factor / 2, top + _EDGE - factor / 2
    width, height = image.size
    box = (left, top, min(width, left + size * factor), min(height, top + size * factor))
    # Far smaller images are made in two steps, whole-number averages first, as that library does.
    return image.resize((size, size), method, box, reducing_gap=2.0)


def _first_pixel(side: int, factor: float, size: int) -> float:
    """Where the square begins along a side, in pixels of the image: its place is that in a resized image of whole
    pixels."""
    resized = int(side / factor + 0.5)
    before = (resized - size + 1) // 2 * factor
    # What rounding left over lies half before and half behind an image that shrinks.
    return max(0, before + (side - resized * factor) / 2) if factor > 1 else before
