"""Pictures, kept in MEDIA_ROOT under the hash of their bytes: the same picture is stored once and never changes."""

import hashlib
import os
import tempfile
import warnings
from io import BytesIO
from pathlib import Path

from django.conf import settings
from PIL import Image, UnidentifiedImageError

from profiles.models import Figure

EXTENSIONS = {"WEBP": "webp", "PNG": "png", "JPEG": "jpeg", "AVIF": "avif"}
PHONE_JPEG = "MPO"  # a JPEG with a second picture behind it, which browsers ignore
MOST_BYTES = 5_000_000
MOST_PIXELS = 40_000_000
MOST_ON_A_SIDE = 12_000


class BadFigure(Exception):
    """A file that is no picture for a page; its text is a sentence for whoever chose it."""


def store_figure(held: bytes, *, filename: str, keep_file: bool = True) -> Figure:
    """Return the figure with these bytes, checked and kept. Raises BadFigure.

    The file is written before the row commits: a row without its file would be a broken picture, a file without a row
    is nothing.
    """
    digest = hashlib.sha256(held).hexdigest()
    figure = Figure.objects.filter(digest=digest).first()
    if figure is None:
        extension, width, height = _measured(held)
        figure, _new = Figure.objects.get_or_create(
            digest=digest, defaults={"extension": extension, "width": width, "height": height, "filename": filename}
        )
    if keep_file:
        keep(figure, held)
    return figure


def keep(figure: Figure, held: bytes) -> None:
    """Write the file, unless it is there; a reader finds all of it or nothing."""
    path = place_of(figure)
    if path.exists() and path.stat().st_size == len(held):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as draft:
        try:
            draft.write(held)
            draft.flush()
            os.fsync(draft.fileno())
            os.chmod(draft.name, 0o644)
            os.replace(draft.name, path)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def place_of(figure: Figure) -> Path:
    return Path(settings.MEDIA_ROOT) / figure.path


def _measured(held: bytes) -> tuple[str, int, int]:
    """Return extension, width and height, from what the bytes are rather than from what they are called."""
    if len(held) > MOST_BYTES:
        raise BadFigure(f"The picture is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a picture that unpacks to a gigabyte
            with Image.open(BytesIO(held), formats=list(EXTENSIONS)) as image:
                _refuse_size(image)
                image.load()
                return EXTENSIONS.get(image.format or "", "jpeg"), image.width, image.height
    except UnidentifiedImageError:
        raise BadFigure("The file is not a picture of a kind we show: WebP, PNG, JPEG or AVIF.") from None
    except BadFigure:
        raise
    except Exception as error:  # a decoder fails in its own ways on a broken file
        raise BadFigure(f"The picture is broken: {error}.") from None


def _refuse_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS or max(image.size) > MOST_ON_A_SIDE:
        raise BadFigure(
            f"The picture measures {image.width} × {image.height} pixels; at most {MOST_ON_A_SIDE} on a side "
            f"and {MOST_PIXELS // 1_000_000} million in all."
        )
    if getattr(image, "n_frames", 1) > 1 and image.format != PHONE_JPEG:
        raise BadFigure("The picture moves; choose a still one.")
