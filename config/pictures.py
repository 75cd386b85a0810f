"""Pictures that people hand in: really decoded, and made anew with nothing in them but what can be seen."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

EXTENSIONS = {"WEBP": "webp", "PNG": "png", "JPEG": "jpeg", "AVIF": "avif"}
PHONE_JPEG = "MPO"  # a JPEG with a second picture behind it, which browsers ignore
MOST_BYTES = 10_000_000
MOST_PIXELS = 40_000_000
MOST_ON_A_SIDE = 12_000
LARGEST_KEPT = 3_200  # on a side, of what is made anew
LARGEST_LOSSLESS = 1_500_000  # bytes
SAVED_AS = {
    "webp": {"format": "WEBP", "quality": 82, "method": 5},
    "avif": {"format": "AVIF", "quality": 60, "speed": 7, "max_threads": 1},
    "jpeg": {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True},
}
METADATA = {"exif", "icc_profile", "xmp", "comment", "photoshop", "XML:com.adobe.xmp"}
ENDINGS = {"PNG": b"IEND\xaeB\x60\x82", "JPEG": b"\xff\xd9"}
WHITE = (255, 255, 255)
SVG_WITHIN = 1000  # bytes


class BadPicture(Exception):
    """A file that is no picture for a page; its text is a sentence for whoever chose it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture, and what they are."""

    held: bytes
    extension: str
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.held).hexdigest()


def as_it_is(held: bytes) -> Picture:
    """Return the picture in these bytes, decoded to see that it is one. Raises BadPicture."""
    image = _decoded(held)
    return Picture(held, EXTENSIONS.get(image.format or "", "jpeg"), image.width, image.height)


def made_anew(held: bytes, *, largest: tuple[int, int] = (LARGEST_KEPT, LARGEST_KEPT)) -> Picture:
    """Return the picture as a WebP of its own: upright, in sRGB, not too large, without metadata. Raises BadPicture.

    What came as PNG stays without loss as long as that is small, for a drawing loses its edges otherwise.
    """
    image = _decoded(held)
    plain = plainly(image)
    plain.thumbnail(largest, Image.Resampling.LANCZOS)
    if image.format == "PNG" and len(lossless := _written(plain, format="WEBP", lossless=True, method=4)) < (
        LARGEST_LOSSLESS
    ):
        return Picture(lossless, "webp", plain.width, plain.height)
    return Picture(_written(plain, format="WEBP", quality=90, method=4), "webp", plain.width, plain.height)


def holds_more(held: bytes) -> bool:
    """Something is in the file besides the picture: where it was taken, with what, or another file behind it."""
    with Image.open(BytesIO(held)) as image:
        said = METADATA & image.info.keys() or getattr(image, "text", None) or image.format == PHONE_JPEG
        return bool(said) or not _ends_well(held, image.format or "")


def _ends_well(held: bytes, format: str) -> bool:
    if format == "WEBP":
        length = int.from_bytes(held[4:8], "little") + 8
        return len(held) <= length
    return held.endswith(ENDINGS.get(format, b""))


# --- Looking at it ----------------------------------------------------------------------------------------------------


def _decoded(held: bytes) -> Image.Image:
    """Open what the bytes are rather than what they are called, and read all of it."""
    if len(held) > MOST_BYTES:
        raise BadPicture(f"The picture is larger than {MOST_BYTES // 1_000_000} MB.")
    if b"<svg" in held[:SVG_WITHIN].lower():
        raise BadPicture(
            "An SVG drawing is not a picture of a kind we show, for it can carry scripts; export it as PNG or WebP."
        )
    try:
        image = Image.open(BytesIO(held), formats=list(EXTENSIONS))
        _refuse(image)
        image.load()
        return image
    except UnidentifiedImageError:
        raise BadPicture("The file is not a picture of a kind we show: WebP, PNG, JPEG or AVIF.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(
            f"The picture has far more pixels than the {MOST_PIXELS // 1_000_000} million we take."
        ) from None
    except BadPicture:
        raise
    except Exception as error:  # a decoder fails in its own ways on a broken file
        raise BadPicture(f"The picture is broken: {str(error).rstrip('.')}.") from None


def _refuse(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS or max(image.size) > MOST_ON_A_SIDE:
        raise BadPicture(
            f"The picture measures {image.width} × {image.height} pixels; at most {MOST_ON_A_SIDE} on a side "
            f"and {MOST_PIXELS // 1_000_000} million in all."
        )
    if getattr(image, "n_frames", 1) > 1 and image.format != PHONE_JPEG:
        raise BadPicture("The picture moves; choose a still one.")


# --- Making it anew ---------------------------------------------------------------------------------------------------


def plainly(image: Image.Image) -> Image.Image:
    """Return the pixels alone: upright, in sRGB, eight bits, RGB or RGBA."""
    profile = image.info.get("icc_profile")
    upright = image
    with suppress(Exception):  # what a camera wrote about itself may be nonsense; then it stays as it lies
        upright = ImageOps.exif_transpose(image)
    return _eight_bits(_in_srgb(upright, profile))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    try:
        theirs, ours = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, theirs, ours, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile that is broken, or of another kind of picture, says nothing
    return converted or image


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Sixteen bits; converted at once, all that is lighter than black would be white.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    see_through = image.mode in {"RGBA", "LA", "La", "PA", "RGBa"} or "transparency" in image.info
    plain = image.convert("RGBA" if see_through else "RGB")
    # A new picture: what was noted about the old one does not come along.
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def sized(image: Image.Image, *, width: int, extension: str) -> bytes:
    """Return a plain picture at this width, or as it is if it is no wider."""
    height = max(1, round(image.height * width / image.width))
    smaller = image.resize((width, height), Image.Resampling.LANCZOS) if width < image.width else image
    return _saved(smaller, extension)


def cut(image: Image.Image, *, width: int, height: int, focus: tuple[float, float]) -> bytes:
    """Return a JPEG of exactly this size, cut around the focal point (shares of width and height)."""
    return _saved(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS, centering=focus), "jpeg")


def _saved(image: Image.Image, extension: str) -> bytes:
    if extension == "jpeg" and image.mode == "RGBA":
        ground = Image.new("RGB", image.size, WHITE)
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    return _written(image, **SAVED_AS[extension])


def _written(image: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, **options)  # type: ignore[arg-type]
    return file.getvalue()
