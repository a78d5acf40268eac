"""The cells of the matrix: one function a container."""

import io
from dataclasses import dataclass
from typing import Optional

import numpy as np
from icc_profiles import SRGB_COLUMNS, WIDE_COLUMNS, grey_profile, rgb_profile
from image_files import LONG, RATIONAL, SHORT, iccp, pam, png, pnm, tiff
from PIL import Image, ImageCms, features
from references import SRGB, by_pillow, composite, eight_bit, to_srgb

SIDE = 16
EXACT = (0, "the samples are the pixels")
ROUNDING = (1, "16 bits become 8, and mixtures whole numbers, by rounding or by cutting off")
CMS = (2, "two colour engines round at different places")
TABLE = (14, "LittleCMS looks 16-bit colours up in a table of 33 steps, which blunts the edge of sRGB where a channel is cut off at 0")
DIVIDED = (2, "colours that were multiplied by alpha in 8 bits and divided again")


@dataclass
class Case:
    name: str
    data: bytes
    expected: Optional[np.ndarray]
    tolerance: int = 0
    because: str = ""
    refused: Optional[str] = None


def chart(maximum, channels):
    """[SIDE, SIDE, channels]: every channel over its whole range, each in another order."""
    at = np.arange(SIDE * SIDE)
    columns = [(at * step + start) % (SIDE * SIDE) for step, start in ((1, 0), (7, 31), (11, 5), (13, 200), (3, 77))]
    scaled = [np.rint(column / (SIDE * SIDE - 1) * maximum).astype(np.int64) for column in columns[:channels]]
    return np.stack(scaled, -1).reshape(SIDE, SIDE, channels)


def grey3(samples, maximum):
    return np.repeat(eight_bit(samples[..., :1], maximum), 3, -1)


def opaque(samples):
    return np.ones(samples.shape[:2])


PROFILES = {
    "sRGB": ImageCms.ImageCmsProfile(SRGB).tobytes(),
    "wide gamut": rgb_profile(WIDE_COLUMNS, 2.2),
    "linear": rgb_profile(SRGB_COLUMNS, 1),
    "grey of gamma 1.8": grey_profile(1.8),
}


def under_profile(samples, maximum, name):
    """RGB samples under one of PROFILES as sRGB, 0 to 255."""
    columns, exponent = {"sRGB": (None, 1), "wide gamut": (WIDE_COLUMNS, 2.2), "linear": (SRGB_COLUMNS, 1)}[name]
    return eight_bit(samples, maximum) if columns is None else to_srgb(samples, maximum, columns, exponent)


def all_cases(background, ink_profile):
    makers = (png_cases, tiff_colour_cases, tiff_band_cases, pillow_cases, pnm_cases)
    cases = [case for maker in makers for case in maker(background)]
    return cases + list(ink_cases(background, ink_profile))


def png_cases(background):
    for bits in (1, 2, 4, 8, 16):
        maximum = 2**bits - 1
        grey = chart(maximum, 1)
        plain = composite(grey3(grey, maximum), opaque(grey), background)
        yield Case(f"PNG grey {bits}", png(grey, bits, 0), plain, *(ROUNDING if bits == 16 else EXACT))
        key = (b"tRNS", int(grey[0, 5, 0]).to_bytes(2, "big"))
        holed = composite(grey3(grey, maximum), (grey[..., 0] != grey[0, 5, 0]) * 1.0, background)
        yield Case(f"PNG grey {bits}, tRNS", png(grey, bits, 0, [key]), holed, *ROUNDING)
    for bits in (1, 2, 4, 8):
        colours = chart(255, 3).reshape(-1, 3)[:: 256 // 2**bits]
        indices = chart(2**bits - 1, 1)
        table = (b"PLTE", colours.astype(np.uint8).tobytes())
        opacity = (np.arange(2**bits) * 255 // (2**bits - 1)).astype(np.uint8)
        for name, chunks, alpha in (
            ("", [table], opaque(indices)),
            (", tRNS", [table, (b"tRNS", opacity.tobytes())], opacity[indices[..., 0]] / 255),
        ):
            expected = composite(colours[indices[..., 0]].astype(float), alpha, background)
            yield Case(f"PNG palette {bits}{name}", png(indices, bits, 3, chunks), expected, *(ROUNDING if name else EXACT))
    for bits in (8, 16):
        maximum = 2**bits - 1
        close = EXACT if bits == 8 else ROUNDING
        for kind, colours, colour_type in (("RGB", 3, 2), ("grey with alpha", 1, 4), ("RGBA", 3, 6)):
            samples = chart(maximum, colours if colour_type == 2 else colours + 1)
            # Grey takes the second order of the chart for alpha, RGB the fourth.
            alpha = opaque(samples) if colour_type == 2 else samples[..., -1] / maximum
            colour = eight_bit(samples[..., :3], maximum) if colours == 3 else grey3(samples, maximum)
            plain = composite(colour, alpha, background)
            tolerance = close if colour_type == 2 else ROUNDING
            yield Case(f"PNG {kind} {bits}", png(samples, bits, colour_type), plain, *tolerance)
            for name, chunk in (
                ("sRGB", (b"sRGB", b"\0")),
                ("gAMA of 1", (b"gAMA", (100000).to_bytes(4, "big"))),
                ("cICP of Display P3", (b"cICP", bytes((12, 13, 0, 1)))),
                ("damaged iCCP", (b"iCCP", b"icc\0\0" + b"no profile at all")),
            ):
                data = png(samples, bits, colour_type, [chunk])
                yield Case(f"PNG {kind} {bits}, chunk {name}", data, plain, *tolerance)
            for name, profile in PROFILES.items():
                if (colours == 1) != (name == "grey of gamma 1.8"):
                    continue
                data = png(samples, bits, colour_type, [iccp(profile)])
                if colours == 3:
                    shown = under_profile(samples[..., :3], maximum, name)
                else:
                    shown = to_srgb(np.repeat(samples[..., :1], 3, -1), maximum, SRGB_COLUMNS, 1.8)
                tolerance = TABLE if bits == 16 and name == "wide gamut" else CMS
                yield Case(f"PNG {kind} {bits}, profile {name}", data, composite(shown, alpha, background), *tolerance)
                if bits == 8:
                    yield Case(f"PNG {kind} {bits}, profile {name}, by LittleCMS", data, by_pillow(data, background), *CMS)
        keyed = chart(maximum, 3)
        key = (b"tRNS", b"".join(int(v).to_bytes(2, "big") for v in keyed[3, 4]))
        holed = composite(eight_bit(keyed, maximum), 1.0 * (keyed != keyed[3, 4]).any(-1), background)
        yield Case(f"PNG RGB {bits}, tRNS", png(keyed, bits, 2, [key]), holed, *ROUNDING)


WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR, CIELAB, CFA = 0, 1, 2, 3, 5, 6, 8, 32803
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2


def extra(*kinds):
    return [(338, SHORT, list(kinds))]


def unsigned(samples, bits):
    return samples.astype(np.uint16 if bits == 16 else np.uint8)


def tiff_colour_cases(background):
    for bits in (1, 2, 4, 8, 16):
        maximum = 2**bits - 1
        grey = unsigned(chart(maximum, 1), bits)
        close = ROUNDING if bits == 16 else EXACT
        for order in "<>":
            data = tiff(grey, bits, BLACK_IS_ZERO, order=order)
            expected = composite(grey3(grey, maximum), opaque(grey), background)
            yield Case(f"TIFF grey {bits}, order {order}", data, expected, *close)
            data = tiff(grey, bits, WHITE_IS_ZERO, order=order)
            expected = composite(255 - grey3(grey, maximum), opaque(grey), background)
            yield Case(f"TIFF grey {bits}, white is zero, order {order}", data, expected, *close)
    for bits in (8, 16):
        maximum = 2**bits - 1
        close = ROUNDING if bits == 16 else EXACT
        rgb = unsigned(chart(maximum, 3), bits)
        colour = eight_bit(rgb, maximum)
        plain = composite(colour, opaque(rgb), background)
        for planar in (False, True):
            for deflate in (False, True):
                data = tiff(rgb, bits, RGB, planar=planar, deflate=deflate)
                yield Case(f"TIFF RGB {bits}, planar {planar}, deflate {deflate}", data, plain, *close)
        yield Case(f"TIFF RGB {bits}, big endian", tiff(rgb, bits, RGB, order=">"), plain, *close)
        for name in ("sRGB", "wide gamut", "linear"):
            data = tiff(rgb, bits, RGB, profile=PROFILES[name])
            shown = under_profile(rgb, maximum, name)
            tolerance = TABLE if bits == 16 and name == "wide gamut" else CMS
            yield Case(f"TIFF RGB {bits}, profile {name}", data, composite(shown, opaque(rgb), background), *tolerance)
            if bits == 8:
                yield Case(f"TIFF RGB 8, profile {name}, by LittleCMS", data, by_pillow(data, background), *CMS)
        muted = unsigned(chart(maximum, 3) // 4 + maximum * 3 // 8, bits)
        data = tiff(muted, bits, RGB, profile=PROFILES["wide gamut"])
        shown = under_profile(muted, maximum, "wide gamut")
        yield Case(f"TIFF RGB {bits}, muted, profile wide gamut", data, composite(shown, opaque(rgb), background), *CMS)
        for name, profile in (
            ("cut short", PROFILES["wide gamut"][:300]),
            ("of grey", PROFILES["grey of gamma 1.8"]),
            ("of zero bytes", bytes(200)),
        ):
            data = tiff(rgb, bits, RGB, profile=profile)
            yield Case(f"TIFF RGB {bits}, profile {name}", data, plain, *close)
        grey = unsigned(chart(maximum, 1), bits)
        shown = to_srgb(np.repeat(grey, 3, -1), maximum, SRGB_COLUMNS, 1.8)
        data = tiff(grey, bits, BLACK_IS_ZERO, profile=PROFILES["grey of gamma 1.8"])
        yield Case(f"TIFF grey {bits}, profile", data, composite(shown, opaque(grey), background), *CMS)
    indices = unsigned(chart(255, 1), 8)
    colours = chart(255, 3).reshape(-1, 3)
    data = tiff(indices, 8, PALETTE, tags=[(320, SHORT, [int(v) * 257 for v in colours.T.ravel()])])
    yield Case("TIFF palette 8", data, composite(colours[indices[..., 0]].astype(float), opaque(indices), background), *EXACT)
    for coefficients, name in (((299, 587, 114), "Rec. 601"), ((2126, 7152, 722), "Rec. 709")):
        ycc = unsigned(chart(255, 3), 8)
        scale = sum(coefficients)
        kr, kg, kb = (c / scale for c in coefficients)
        y, cb, cr = (ycc[..., c].astype(float) - (0, 128, 128)[c] for c in range(3))
        red, blue = y + cr * (2 - 2 * kr), y + cb * (2 - 2 * kb)
        shown = np.stack([red, (y - kr * red - kb * blue) / kg, blue], -1)
        tags = [(530, SHORT, [1, 1]), (529, RATIONAL, [v for c in coefficients for v in (c, scale)])]
        tags.append((532, RATIONAL, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1]))
        data = tiff(ycc, 8, YCBCR, tags=tags)
        yield Case(f"TIFF YCbCr {name}", data, composite(shown, opaque(ycc), background), *ROUNDING)
    data = tiff(unsigned(chart(255, 3), 8)[:12], 8, YCBCR, tags=[(530, SHORT, [2, 2])])
    yield Case("TIFF YCbCr, subsampled", data, None, refused="subsampled")
    yield Case("TIFF Lab 8", tiff(unsigned(chart(255, 3), 8), 8, CIELAB), None, refused="Lab with 8 bits")
    lightness, a, b = (chart(65535, 3)[..., c] for c in range(3))
    lab = np.stack([lightness // 4 + 24576, a // 8 - 4096, b // 8 - 4096], -1)
    # As 8 bits, which is what Pillow takes, the values are whole numbers.
    lab = lab // 256 * 256
    as_bytes = np.stack([np.rint(lab[..., 0] / 65280 * 255), lab[..., 1] / 256, lab[..., 2] / 256], -1)
    image = Image.frombytes("LAB", (SIDE, SIDE), as_bytes.astype(np.int16).astype(np.uint8).tobytes())
    shown = np.asarray(ImageCms.profileToProfile(image, ImageCms.createProfile("LAB"), SRGB, outputMode="RGB"))
    white = (10, "libvips takes D65 for the white of Lab, LittleCMS D50 and then adapts to it")
    yield Case("TIFF Lab 16", tiff(lab.astype(np.int16).view(np.uint16), 16, CIELAB), shown, *white)
    mosaic = unsigned(chart(255, 1), 8)
    yield Case("TIFF colour filter array", tiff(mosaic, 8, CFA), None, refused="raw")
    for kind, bits, sample_format in (("float32", 32, 3), ("float16", 16, 3), ("int16", 16, 2), ("int8", 8, 2), ("uint32", 32, 1)):
        samples = (chart(100, 3)).astype(np.dtype(kind))
        raw = samples.view(np.uint8) if bits == 8 else samples
        data = tiff(raw, bits, RGB, tags=[(339, SHORT, [sample_format] * 3)])
        yield Case(f"TIFF RGB of {kind}", data, None, refused="convert it to 8 or 16 bits")


def tiff_band_cases(background):
    for bits in (8, 16):
        maximum = 2**bits - 1
        for kind, colours, photometric in (("grey", 1, BLACK_IS_ZERO), ("RGB", 3, RGB), ("white is zero", 1, WHITE_IS_ZERO)):
            for planar in (False, True):
                samples = unsigned(chart(maximum, colours + 1), bits)
                colour = eight_bit(samples[..., :3], maximum) if colours == 3 else grey3(samples, maximum)
                if photometric == WHITE_IS_ZERO:
                    colour = 255 - colour
                alpha = samples[..., colours] / maximum
                name = f"TIFF {kind} {bits}, planar {planar}"
                close = ROUNDING if bits == 16 else EXACT
                straight = composite(colour, alpha, background)
                dense = composite(colour, opaque(samples), background)
                for label, tags, expected, tolerance in (
                    ("straight alpha", extra(UNASSOCIATED), straight, ROUNDING),
                    ("a band that is not alpha", extra(UNSPECIFIED), dense, close),
                    ("a band without description", [], straight, ROUNDING),
                ):
                    data = tiff(samples, bits, photometric, planar=planar, tags=tags)
                    if planar and colours == 1:
                        yield Case(f"{name}, {label}", data, None, refused="separate planes")
                    else:
                        yield Case(f"{name}, {label}", data, expected, *tolerance)
                if photometric == WHITE_IS_ZERO or (planar and colours == 1):
                    continue
                multiplied = samples.copy()
                multiplied[..., :colours] = np.rint(samples[..., :colours] * alpha[..., None])
                data = tiff(multiplied, bits, photometric, planar=planar, tags=extra(ASSOCIATED))
                yield Case(f"{name}, premultiplied alpha", data, straight, *(DIVIDED if bits == 8 else ROUNDING))
            five = unsigned(np.concatenate([chart(maximum, 4)[..., 4 - colours - 1 :], chart(maximum, 5)[..., 4:]], -1), bits)
            colour = eight_bit(five[..., :3], maximum) if colours == 3 else grey3(five, maximum)
            if photometric == WHITE_IS_ZERO:
                colour = 255 - colour
            name = f"TIFF {kind} {bits}, another and premultiplied alpha"
            alpha = five[..., colours + 1] / maximum
            if photometric != WHITE_IS_ZERO:
                multiplied = five.copy()
                multiplied[..., :colours] = np.rint(five[..., :colours] * alpha[..., None])
                data = tiff(multiplied, bits, photometric, tags=extra(UNSPECIFIED, ASSOCIATED))
                yield Case(name, data, composite(colour, alpha, background), *(DIVIDED if bits == 8 else ROUNDING))
            for label, kinds, alpha in (
                ("alpha and another", (UNASSOCIATED, UNSPECIFIED), five[..., colours] / maximum),
                ("another and alpha", (UNSPECIFIED, UNASSOCIATED), five[..., colours + 1] / maximum),
                ("two others", (UNSPECIFIED, UNSPECIFIED), opaque(five)),
            ):
                name = f"TIFF {kind} {bits}, {label}"
                data = tiff(five, bits, photometric, tags=extra(*kinds))
                if colours == 1 and UNASSOCIATED not in kinds:
                    yield Case(name, data, None, refused="3 bands")
                else:
                    yield Case(name, data, composite(colour, alpha, background), *ROUNDING)
        eight = unsigned(np.concatenate([chart(maximum, 5), chart(maximum, 3)], -1), bits)
        plain = composite(eight_bit(eight[..., :3], maximum), opaque(eight), background)
        data = tiff(eight, bits, RGB, tags=extra(*[UNSPECIFIED] * 5))
        yield Case(f"TIFF of 8 bands {bits}, the first RGB", data, plain, *ROUNDING)
        data = tiff(eight, bits, RGB, order=">", tags=[*extra(*[UNSPECIFIED] * 5), (274, SHORT, [6])])
        turned = np.ascontiguousarray(np.rot90(plain, -1))
        yield Case(f"TIFF of 8 bands {bits}, big endian, turned by a tag", data, turned, *ROUNDING)
        data = tiff(eight, bits, BLACK_IS_ZERO, tags=extra(*[UNSPECIFIED] * 7))
        yield Case(f"TIFF of 8 bands {bits}, none described", data, None, refused="8 bands")
    data = tiff(unsigned(chart(255, 2), 8), 8, RGB)
    yield Case("TIFF RGB of two bands", data, None, refused=".")


def ink_cases(background, ink_profile):
    """Ink without a profile is shown as the image library's own profile says, which is `ink_profile`."""
    ink = chart(255, 4)
    ink[..., 3] //= 2
    to_rgb = ImageCms.ImageCmsProfile(io.BytesIO(ink_profile))
    image = Image.fromarray(ink.astype(np.uint8), "CMYK")
    shown = np.asarray(ImageCms.profileToProfile(image, to_rgb, SRGB, outputMode="RGB"))
    for bits in (8, 16):
        samples = unsigned(ink * (1 if bits == 8 else 257), bits)
        for name, profile in (("", None), (", profile", ink_profile)):
            yield Case(f"TIFF CMYK {bits}{name}", tiff(samples, bits, SEPARATED, profile=profile), shown, *CMS)
        spot = np.concatenate([samples, samples[::-1, ::-1, :1]], -1)
        data = tiff(spot, bits, SEPARATED, tags=extra(UNSPECIFIED))
        yield Case(f"TIFF CMYK {bits} and a spot colour", data, shown, *CMS)
        data = tiff(spot, bits, SEPARATED, tags=extra(UNASSOCIATED))
        name = f"TIFF CMYK {bits} and alpha"
        if bits == 16:
            yield Case(name, data, None, refused="CMYK of 16 bits with alpha")
        else:
            yield Case(name, data, composite(shown.astype(float), spot[..., 4] / 255, background), *CMS)
    yield Case("TIFF of three inks", tiff(unsigned(chart(255, 3), 8), 8, SEPARATED), None, refused="3 bands")
    flat = Image.new("CMYK", (SIDE, SIDE), (40, 90, 160, 30))
    for name, options in (("", {}), (", profile", {"icc_profile": ink_profile})):
        data = saved(flat, "JPEG", quality=100, subsampling=0, **options)
        reference = ImageCms.profileToProfile(flat, to_rgb, SRGB, outputMode="RGB")
        yield Case(f"JPEG CMYK{name}", data, np.asarray(reference), 4, "a lossy code, and a colour engine")


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pillow_cases(background):
    quarters = np.zeros((SIDE, SIDE, 3), np.uint8)
    for i, colour in enumerate(((200, 60, 40), (90, 160, 60), (70, 80, 190), (240, 240, 230))):
        quarters[8 * (i // 2) :, 8 * (i % 2) :] = colour
    soft = np.dstack([quarters, np.kron([[255, 180], [90, 0]], np.ones((8, 8))).astype(np.uint8)])
    rgb, rgba = Image.fromarray(quarters, "RGB"), Image.fromarray(soft, "RGBA")
    images = {"RGB": rgb, "RGBA": rgba, "grey": rgb.convert("L"), "grey with alpha": rgba.convert("LA"), "1 bit": rgb.convert("1")}
    images["palette"] = rgb.quantize(4)
    images["CMYK"] = rgb.convert("CMYK")
    near = (3, "a lossy code, whose inverse transform rounds differently from decoder to decoder")
    lossless = {"WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}
    lossless["JPEG"] = {"quality": 100, "subsampling": 0}
    kinds = {
        "PNG": ("RGB", "RGBA", "grey", "grey with alpha", "1 bit", "palette"),
        "TIFF": ("RGB", "RGBA", "grey", "grey with alpha", "1 bit", "palette"),
        "JPEG": ("RGB", "grey"),
        "WEBP": ("RGB", "RGBA"),
        "GIF": ("grey", "palette", "1 bit"),
        "BMP": ("RGB", "grey", "palette", "1 bit"),
        "AVIF": ("RGB", "RGBA", "grey", "grey with alpha"),
        "PPM": ("RGB", "grey", "1 bit"),
    }
    for kind, modes in kinds.items():
        if kind == "AVIF" and not features.check("avif"):
            continue
        for mode in modes:
            tolerance = near if kind in ("JPEG", "AVIF") else ROUNDING if "A" in mode or "alpha" in mode else EXACT
            data = saved(images[mode], kind, **lossless.get(kind, {}))
            yield Case(f"{kind} {mode} of Pillow", data, by_pillow(data, background), *tolerance)
            if kind in ("GIF", "BMP", "PPM") or mode in ("1 bit", "palette"):
                continue
            for name, profile in PROFILES.items():
                if ("grey" in name) != ("grey" in mode):
                    continue
                if kind == "AVIF" and "grey" in mode:
                    continue
                data = saved(images[mode], kind, icc_profile=profile, **lossless.get(kind, {}))
                both = (CMS[0] + (tolerance[0] if tolerance is near else 0), f"{CMS[1]}; {tolerance[1]}")
                yield Case(f"{kind} {mode} of Pillow, profile {name}", data, by_pillow(data, background), *both)
    for codec in ("tiff_lzw", "packbits", "tiff_deflate", "jpeg", "tiff_adobe_deflate", "group4"):
        mode = "1 bit" if codec == "group4" else "RGB"
        data = saved(images[mode], "TIFF", compression=codec, **({"quality": 100} if codec == "jpeg" else {}))
        yield Case(f"TIFF {codec} of Pillow", data, by_pillow(data, background), *(near if codec == "jpeg" else EXACT))
    data = saved(rgb.convert("YCbCr"), "TIFF")
    yield Case("TIFF YCbCr of Pillow", data, by_pillow(data, background), *ROUNDING)
    data = saved(rgb, "JPEG", quality=100, keep_rgb=True)
    yield Case("JPEG of RGB components", data, by_pillow(data, background), *near)
    data = saved(images["palette"], "GIF", transparency=1)
    yield Case("GIF transparent", data, by_pillow(data, background), *EXACT)
    data = saved(images["palette"], "PNG", transparency=1)
    yield Case("PNG palette transparent of Pillow", data, by_pillow(data, background), *EXACT)
    for kind in ("GIF", "TIFF", "PNG", "WEBP"):
        data = saved(rgb.quantize(4), kind, save_all=True, append_images=[Image.new("P", rgb.size, 3)], **lossless.get(kind, {}))
        yield Case(f"{kind} of two pages", data, by_pillow(data, background), *EXACT)


def pnm_cases(background):
    bits = chart(1, 1)
    for kind in ("P1", "P4"):
        expected = composite(255 - grey3(bits, 1), opaque(bits), background)
        yield Case(f"PNM {kind}", pnm(kind, bits), expected, *EXACT)
    for maximum in (1, 15, 255, 1023, 65535):
        close = EXACT if maximum in (1, 15, 255) else ROUNDING
        for kinds, channels in ((("P2", "P5"), 1), (("P3", "P6"), 3)):
            samples = chart(maximum, channels)
            colour = eight_bit(samples, maximum) if channels == 3 else grey3(samples, maximum)
            for kind in kinds:
                expected = composite(colour, opaque(samples), background)
                yield Case(f"PNM {kind} up to {maximum}", pnm(kind, samples, maximum), expected, *close)
    for maximum in (255, 65535):
        for channels, tuple_type in ((1, "GRAYSCALE"), (2, "GRAYSCALE_ALPHA"), (3, "RGB"), (4, "RGB_ALPHA")):
            samples = chart(maximum, channels)
            colour = eight_bit(samples[..., :3], maximum) if channels > 2 else grey3(samples, maximum)
            alpha = samples[..., -1] / maximum if channels % 2 == 0 else opaque(samples)
            data = pam(samples, maximum, tuple_type)
            yield Case(f"PAM {tuple_type} up to {maximum}", data, composite(colour, alpha, background), *ROUNDING)
    data = b"Pf\n16 16\n-1.0\n" + np.zeros((SIDE, SIDE), "<f4").tobytes()
    yield Case("PFM", data, None, refused="PFM")
