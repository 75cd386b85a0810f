import hashlib
from io import BytesIO

import pytest
from PIL import Image

from profiles import figures
from profiles.figures import BadFigure, store_figure
from profiles.models import Figure
from tests.builders import picture

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("format", "extension"), [("WEBP", "webp"), ("PNG", "png"), ("JPEG", "jpeg"), ("AVIF", "avif")]
)
def test_a_picture_is_kept_under_the_hash_of_its_bytes(settings, format, extension):
    held = picture(width=30, height=20, format=format)
    figure = store_figure(held, filename="called-otherwise.gif")
    assert (figure.extension, figure.width, figure.height) == (extension, 30, 20)
    assert figure.digest == hashlib.sha256(held).hexdigest()
    folder = settings.MEDIA_ROOT / "figures"
    assert [path.name for path in folder.iterdir()] == [f"{figure.digest}.{extension}"]
    assert figures.place_of(figure).read_bytes() == held


def test_the_same_picture_is_one_figure():
    assert store_figure(picture(), filename="a.webp") == store_figure(picture(), filename="b.webp")
    assert Figure.objects.count() == 1


def test_a_lost_file_comes_back_with_the_next_storing():
    figure = store_figure(picture(), filename="a.webp")
    figures.place_of(figure).unlink()
    store_figure(picture(), filename="a.webp")
    assert figures.place_of(figure).read_bytes() == picture()


def moving() -> bytes:
    file = BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "not a picture of a kind we show"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture of a kind we show"),
        (picture(format="GIF"), "not a picture of a kind we show"),
        (picture(width=400, height=300, format="PNG")[:200], "is broken"),
        (moving(), "moves"),
        (picture() + b"x" * figures.MOST_BYTES, "larger than 5 MB"),
        (picture(width=13_000, height=1, format="PNG"), "measures 13000 × 1 pixels"),
        (picture(width=8_000, height=6_000, format="PNG"), "40 million in all"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_picture_for_a_page_is_refused(settings, held, said):
    with pytest.raises(BadFigure, match=said):
        store_figure(held, filename="x.png")
    assert not (settings.MEDIA_ROOT / "figures").exists()
    assert Figure.objects.count() == 0
