import hashlib
import os
import struct
import threading
import time
import zlib
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageCms

from config import pictures
from profiles import chores, figures, tasks
from profiles.figures import BadFigure, store_figure
from profiles.models import Figure
from tests.builders import make_profile, make_revision, picture

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
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture of a kind we show, for it can carry scripts"),
        (picture(format="GIF"), "not a picture of a kind we show"),
        (picture(width=400, height=300, format="PNG")[:200], "is broken"),
        (moving(), "moves"),
        (picture() + b"x" * figures.MOST_BYTES, "larger than 10 MB"),
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


# --- What is handed in, made anew --------------------------------------------------------------------------------------


def saved(image, format="PNG", **options) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def upload(held) -> Image.Image:
    """The picture as it is kept after an upload."""
    figure = store_figure(held, filename="upload", anew=True)
    image = Image.open(figures.place_of(figure))
    image.load()
    assert (figure.extension, figure.width, figure.height) == ("webp", *image.size)
    return image


def exif(**more) -> Image.Exif:
    said = Image.Exif()
    said[0x010F] = "A camera"
    said[0x0112] = more.get("orientation", 1)
    said.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)  # where it was taken
    if "comment" in more:
        said[0x9286] = more["comment"]
    return said


def near(pixel, wanted, by=6):
    return all(abs(one - other) <= by for one, other in zip(pixel, wanted, strict=True))


def test_an_upload_loses_what_the_camera_wrote_about_place_and_time():
    image = upload(saved(Image.new("RGB", (8, 8)), "JPEG", exif=exif(), comment=b"secret"))
    assert not image.getexif()
    assert not {"exif", "xmp", "comment", "icc_profile"} & image.info.keys()


def test_an_upload_with_a_huge_note_of_the_camera_is_as_small_as_one_without():
    held = saved(Image.new("RGB", (8, 8)), "PNG", exif=exif(comment=b"x" * 900_000))
    assert len(held) > 900_000
    assert figures.place_of(store_figure(held, filename="x", anew=True)).stat().st_size < 1000


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_note_of_the_camera_that_is_nonsense_costs_nothing_but_itself():
    assert upload(saved(Image.new("RGB", (8, 4)), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff junk")).size == (
        8,
        4,
    )


def test_a_picture_lying_on_its_side_is_set_upright():
    lying = Image.new("RGB", (20, 10), "white")
    lying.paste("black", (0, 0, 10, 10))
    image = upload(saved(lying, exif=exif(orientation=6)))
    assert image.size == (10, 20)
    assert near(image.convert("RGB").getpixel((5, 2)), (0, 0, 0))
    assert near(image.convert("RGB").getpixel((5, 17)), (255, 255, 255))


def test_a_file_that_is_a_picture_and_something_else_keeps_the_picture_alone():
    script = b"<script>alert(1)</script>PK\x03\x04"
    for held in (picture(format="JPEG") + script, picture(format="PNG") + script, picture() + script):
        figure = store_figure(held, filename="polyglot", anew=True)
        assert b"script" not in figures.place_of(figure).read_bytes()


def test_what_a_dossier_brings_is_kept_as_it_is_unless_it_holds_more_than_the_picture():
    assert figures.place_of(store_figure(picture(), filename="a.webp")).read_bytes() == picture()
    told = saved(Image.new("RGB", (8, 8)), "JPEG", exif=exif())
    for held in (told, picture() + b"<script>", picture(format="PNG") + b"<script>"):
        figure = store_figure(held, filename="b.jpeg")
        assert not pictures.holds_more(figures.place_of(figure).read_bytes())
        assert store_figure(held, filename="b.jpeg") == figure


def test_colours_for_print_and_for_other_screens_come_out_as_they_look():
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert near(upload(saved(red, "JPEG", quality=95)).convert("RGB").getpixel((4, 4)), (255, 0, 0), by=12)
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # a profile of another kind of picture
    odd = saved(Image.new("RGB", (8, 8), "lime"), icc_profile=swapped.tobytes())
    assert near(upload(odd).convert("RGB").getpixel((4, 4)), (0, 255, 0))
    broken = saved(Image.new("RGB", (8, 8), "lime"), icc_profile=b"no profile at all")
    assert near(upload(broken).convert("RGB").getpixel((4, 4)), (0, 255, 0))


def test_sixteen_bits_keep_their_shades():
    deep = Image.new("I;16", (3, 1))
    for x, value in enumerate((0, 32_768, 65_535)):
        deep.putpixel((x, 0), value)
    image = upload(saved(deep)).convert("L")
    assert [image.getpixel((x, 0)) for x in range(3)] == [0, 128, 255]


def test_a_palette_with_a_see_through_colour_stays_see_through_and_is_white_as_jpeg():
    drawn = Image.new("P", (40, 20), 0)
    drawn.putpalette([200, 0, 0, 0, 0, 200])
    drawn.paste(1, (20, 0, 40, 20))
    image = upload(saved(drawn, transparency=0))
    assert image.mode == "RGBA"
    assert (image.getpixel((5, 5))[3], image.getpixel((30, 5))) == (0, (0, 0, 200, 255))
    flat = Image.open(BytesIO(pictures.sized(image, width=20, extension="jpeg")))
    assert near(flat.getpixel((3, 5)), (255, 255, 255), by=12)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_kind_of_png_is_taken(mode):
    assert upload(saved(Image.new(mode, (9, 7)))).size == (9, 7)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data=b""):
    """A PNG that says it is that large, whatever is in it."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (png(60_000, 60_000), "far more pixels than the 40 million"),
        (png(2_000_000_000, 2), "far more pixels"),
        (png(11_999, 11_999), "measures|far more pixels"),
        (png(0, 0), "broken|not a picture"),
        (png(100, 100, b"\0" * 50), "is broken"),
        (saved(Image.new("RGB", (400, 300), "red"), "JPEG")[:-200], "is broken"),
        (saved(Image.effect_noise((400, 300), 50), "WEBP")[:900], "is broken|not a picture"),
        (saved(Image.effect_noise((400, 300), 50), "AVIF")[:900], "is broken|not a picture"),
        (saved(Image.new("RGB", (4, 4)), "TIFF"), "not a picture of a kind we show"),
        (saved(Image.new("RGB", (4, 4)), "BMP"), "not a picture of a kind we show"),
        (b"%PDF-1.7 ...", "not a picture of a kind we show"),
        (b"<?xml version='1.0'?><!-- long --><SVG onload='x'/>", "can carry scripts"),
        (b"<html><script>alert(1)</script>", "not a picture of a kind we show"),
    ],
    ids=["bomb", "wide bomb", "large", "nothing", "short data", "half jpeg", "half webp", "half avif", "tiff", "bmp", "pdf",
         "svg", "html"],
)  # fmt: skip
def test_a_hostile_upload_is_refused_in_a_sentence_and_leaves_nothing(settings, held, said):
    began = time.monotonic()
    with pytest.raises(BadFigure, match=said) as refused:
        store_figure(held, filename="x.png", anew=True)
    assert str(refused.value).endswith(".")
    assert time.monotonic() - began < 5
    assert not (settings.MEDIA_ROOT / "figures").exists()
    assert not Figure.objects.exists()


def frames(format, **options):
    first, *others = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "lime"))
    return saved(first, format, save_all=True, append_images=others, **options)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF", "GIF"])
def test_no_moving_picture_is_taken(format):
    with pytest.raises(BadFigure, match=r"moves|not a picture of a kind we show"):
        store_figure(frames(format), filename="x", anew=True)


def test_a_very_large_picture_is_made_smaller():
    image = upload(saved(Image.new("RGB", (6000, 3000), "navy"), "JPEG"))
    assert image.size == (3200, 1600)


# --- Renditions --------------------------------------------------------------------------------------------------------


def drawn(width=2000, height=1000):
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    return store_figure(saved(image, "WEBP"), filename="drawn.webp")


def fresh(figure):
    figure.refresh_from_db()
    return figure


def test_a_figure_is_made_in_three_formats_at_four_widths():
    figure = drawn()
    tasks.render_figure(figure.pk)
    for extension in ("jpeg", "webp", "avif"):
        offered = fresh(figure).offered(extension)
        assert [one["width"] for one in offered] == [480, 800, 1200, 1600]
        for one in offered:
            with Image.open(figures.place_of(figure).with_name(f"{one['digest']}.{extension}")) as image:
                assert (image.format.lower(), image.size) == (extension, (one["width"], one["width"] // 2))
    assert figure.rendered_at


@pytest.mark.parametrize(
    ("width", "widths"), [(16, [16]), (480, [480]), (900, [480, 800, 900]), (1600, [480, 800, 1200, 1600])]
)
def test_no_rendition_is_wider_than_its_figure(width, widths):
    figure = drawn(width, width // 2)
    figures.render(figure_id=figure.pk)
    assert [one["width"] for one in fresh(figure).offered("webp")] == widths
    if width <= 1600:
        assert figure.offered("webp")[-1]["digest"] == figure.digest  # itself, not made again


def test_rendering_twice_makes_everything_once():
    figure = drawn(500, 250)
    figures.render(figure_id=figure.pk)
    first = fresh(figure).renditions
    figures.render(figure_id=figure.pk)
    assert fresh(figure).renditions == first


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_leave_one_set_of_renditions():
    figure = drawn(500, 250)

    def render():
        figures.render(figure_id=figure.pk)
        connections.close_all()

    workers = [threading.Thread(target=render) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    kinds = [Figure.kind_of(one) for one in fresh(figure).renditions]
    assert len(kinds) == len(set(kinds)) == 7


def test_the_chore_makes_what_no_worker_was_told_of_and_one_that_fails_stops_nothing(monkeypatch):
    bad, good = drawn(20, 10), drawn(30, 20)
    figures.place_of(bad).write_bytes(b"broken by a disk")
    chores.render_figures()
    assert (fresh(bad).rendered_at, fresh(good).rendered_at is None) == (None, False)


def test_the_part_that_links_show_is_cut_around_the_focal_point():
    image = Image.new("RGB", (1000, 2000), "black")
    image.paste("white", (0, 0, 1000, 500))
    figure = store_figure(saved(image, "WEBP"), filename="tall.webp")

    def seen():
        figures.render(figure_id=figure.pk)
        shared = fresh(figure).shared
        with Image.open(figures.place_of(figure).with_name(f"{shared['digest']}.jpeg")) as cut:
            assert cut.size == (1200, 630)
            return cut.convert("L").resize((1, 1)).getpixel((0, 0))

    middle = seen()
    figures.focus_on(figure_id=figure.pk, x=50, y=0)
    assert fresh(figure).rendered_at is None
    assert (middle < 20, seen() > 200) == (True, True)


def test_renditions_are_served_for_live_profiles_alone(client):
    figure = drawn(500, 250)
    profile = make_profile(live=True, figure=figure, figure_alt="A slope")
    page = client.get(profile.get_absolute_url()).text
    assert f'src="{figure.get_absolute_url()}"' in page
    assert "<source" not in page
    figures.render(figure_id=figure.pk)
    page = client.get(profile.get_absolute_url()).text
    names = [f"/media/figures/{one['digest']}.{one['extension']}" for one in fresh(figure).renditions]
    assert [name for name in names if name not in page] == []
    assert page.index('type="image/avif"') < page.index('type="image/webp"') < page.index('type="image/jpeg"')
    assert 'width="500" height="250"' in page
    for name in names:
        response = client.get(name)
        assert b"".join(response.streaming_content)
        assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(names[0].replace("jpeg", "webp")).status_code == 404
    profile.withdrawn_at = timezone.now()
    profile.save()
    assert {client.get(name).status_code for name in names} == {404}


def test_the_page_costs_the_same_queries_with_renditions_or_without(client, django_assert_num_queries):
    figure = drawn(500, 250)
    profile = make_profile(live=True, figure=figure)
    with CaptureQueriesContext(connection) as asked:
        client.get(profile.get_absolute_url())
    figures.render(figure_id=figure.pk)
    with django_assert_num_queries(len(asked)):
        client.get(profile.get_absolute_url())


# --- Clearing ----------------------------------------------------------------------------------------------------------


def files():
    return {path.name for path in (figures.place_of(Figure(digest="x", extension="y")).parent).iterdir()}


def unused_for(figure, **span):
    Figure.objects.filter(pk=figure.pk).update(unused_since=timezone.now() - timedelta(**span))


def test_a_figure_that_nothing_has_used_for_a_month_goes_with_its_files():
    figure = drawn(20, 10)
    figures.render(figure_id=figure.pk)
    chores.clear_figures()
    assert fresh(figure).unused_since
    unused_for(figure, days=29)
    chores.clear_figures()
    assert Figure.objects.exists()
    unused_for(figure, days=31)
    chores.clear_figures()
    assert (Figure.objects.exists(), files()) == (False, set())


def test_a_figure_that_an_old_text_shows_stays():
    figure = drawn(20, 10)
    make_revision(make_profile(live=True, figure=figure), live=True)
    unused_for(figure, days=99)
    chores.clear_figures()
    assert (fresh(figure).unused_since, len(files())) == (None, 1)


def test_a_figure_chosen_again_starts_its_month_anew():
    figure = drawn(20, 10)
    unused_for(figure, days=99)
    assert drawn(20, 10) == figure
    chores.clear_figures()
    assert Figure.objects.exists()


def test_a_file_that_two_figures_share_stays_as_long_as_one_of_them():
    one, other = drawn(20, 10), drawn(30, 20)
    shared = {"digest": "c" * 64, "extension": "jpeg", "width": 10}
    Figure.objects.update(renditions=[shared])
    place = figures.place_of(one).with_name(f"{'c' * 64}.jpeg")
    place.write_bytes(b"both")
    make_profile(live=True, figure=other)
    unused_for(one, days=99)
    chores.clear_figures()
    assert files() == {f"{other.digest}.webp", place.name}


def test_files_without_a_figure_go_after_a_day():
    figure = drawn(20, 10)
    folder = figures.place_of(figure).parent
    for name, hours in (("stray.webp", 25), ("just-written.webp", 1)):
        (folder / name).write_bytes(b"x")
        at = time.time() - hours * 3600
        os.utime(folder / name, (at, at))
    chores.clear_figures()
    assert files() == {f"{figure.digest}.webp", "just-written.webp"}


# --- On the desk -------------------------------------------------------------------------------------------------------

ADD = "admin:profiles_figure_add"


def hand_in(client, held, name="upload.png", **fields):
    file = SimpleUploadedFile(name, held)
    return client.post(reverse(ADD), {"file": file, "focus_x": "50", "focus_y": "50", **fields})


def test_an_author_uploads_a_figure_and_chooses_it_for_a_draft(client, wanda):
    client.force_login(wanda)
    assert hand_in(client, saved(Image.new("RGB", (64, 32), "navy")), focus_x="20").status_code == 302
    figure = Figure.objects.get()
    assert (figure.filename, figure.extension, figure.width, figure.focus_x) == ("upload.png", "webp", 64, 20)
    address = reverse("admin:profiles_figure_change", args=[figure.pk])
    shown = client.get(address).text
    assert "being made" in shown
    response = client.get(reverse("admin:profiles_figure_picture", args=[figure.pk]))
    assert b"".join(response.streaming_content) == figures.place_of(figure).read_bytes()
    assert response["Cache-Control"] == "private, no-store"
    draft = make_profile().revisions.get()
    assert 'name="figure"' in client.get(reverse("admin:profiles_revision_change", args=[draft.pk])).text


def test_an_upload_that_is_refused_says_why_beside_its_field(client, edith):
    client.force_login(edith)
    response = hand_in(client, b"<svg onload='x'/>", name="drawing.svg")
    assert response.status_code == 200
    assert "it can carry scripts" in str(response.context["adminform"].form.errors["file"])
    assert hand_in(client, picture(), focus_x="101").context["adminform"].form.errors.keys() == {"focus_x"}
    assert not Figure.objects.exists()


def test_the_same_picture_again_says_under_which_name_it_is_here(client, edith):
    client.force_login(edith)
    hand_in(client, picture(), name="first.webp")
    hand_in(client, picture(), name="second.webp")
    assert Figure.objects.get().filename == "first.webp"
    assert "here already, as first.webp" in client.get(reverse("admin:profiles_figure_changelist")).text


def test_the_picture_of_a_draft_is_for_the_desk_alone(client, mina):
    figure = drawn(20, 10)
    make_profile(figure=figure)
    address = reverse("admin:profiles_figure_picture", args=[figure.pk])
    assert client.get(address).status_code == 302
    client.force_login(mina)
    assert client.get(address).status_code == 302
    assert client.get(figure.get_absolute_url()).status_code == 404
