"""What an image should become, told by Pillow and LittleCMS or worked out in floating point from the samples that went in."""

import io

import numpy as np
from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")


def composite(colour, alpha, background):
    """colour: [H, W, 3], 0 to 255; alpha: [H, W], 0 to 1. Returns uint8."""
    mixed = colour * alpha[..., None] + np.array(background, float) * (1 - alpha[..., None])
    return np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)


def eight_bit(samples, maximum):
    return np.asarray(samples, float) / maximum * 255


def by_pillow(data, background):
    """Pillow's reading of the file; LittleCMS applies an embedded profile."""
    image = Image.open(io.BytesIO(data))
    image.load()
    profile = image.info.get("icc_profile")
    has_alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    if image.mode in ("I;16", "I;16B", "I"):
        # Pillow would cut these off at 255 instead of scaling them.
        image = Image.fromarray(np.rint(np.asarray(image, float) / 257).astype(np.uint8), "L")
    if has_alpha:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"), float) / 255
    else:
        alpha = np.ones((image.height, image.width))
    if profile is not None:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
        image = ImageCms.profileToProfile(image.convert(mode), source, SRGB, outputMode="RGB")
    return composite(np.asarray(image.convert("RGB"), float), alpha, background)


def to_srgb(samples, maximum, columns, exponent):
    """
    Samples under a matrix profile as sRGB, 0 to 255, in floating point.
    columns: of the profile's matrix to XYZ under D50, one a channel
    """
    from icc_profiles import SRGB_COLUMNS

    linear = (np.asarray(samples, float) / maximum) ** exponent
    linear = linear @ np.array(columns) @ np.linalg.inv(np.array(SRGB_COLUMNS))
    linear = np.clip(linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
