"""Figures, kept in MEDIA_ROOT under the hash of their bytes: the same picture is stored once and never changes.

Beside each lie its renditions, the same picture in other sizes and formats, which a worker makes when it has time.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from PIL import Image
from redis import RedisError

from config import pictures
from config.pictures import MOST_BYTES, BadPicture, Picture
from profiles.models import Figure, Profile, Revision

__all__ = [
    "MOST_BYTES",
    "BadFigure",
    "clear",
    "focus_on",
    "is_kept",
    "keep",
    "place_of",
    "render",
    "render_some",
    "store_figure",
]

log = logging.getLogger(__name__)

BadFigure = BadPicture
WIDTHS = (480, 800, 1200, 1600)
# The quickest to make first. A format is offered once it has every width, or a small one would be blown up.
FORMATS = ("jpeg", "webp", "avif")
SHARED = (1200, 630)  # what others show of a link to a page
AT_A_TIME = 5.0  # seconds; then whatever else waits for this process has a turn
GRACE = timedelta(days=30)  # so long a figure that no text uses is kept
STRAY = timedelta(days=1)  # a file without a row may be one whose row is about to commit


# --- Keeping ----------------------------------------------------------------------------------------------------------


def store_figure(held: bytes, *, filename: str, keep_file: bool = True, anew: bool = False) -> Figure:
    """Return the figure of this picture, checked and kept. Raises BadFigure.

    Made anew, as everything that is uploaded is, or where the file holds more than the picture. The file is written before
    the row commits: a row without its file would be a broken picture, a file without a row is nothing.
    """
    came_as = hashlib.sha256(held).hexdigest()
    figure = Figure.objects.filter(Q(digest=came_as) | Q(came_as=came_as)).first()
    if figure is not None and not keep_file:
        return figure
    if figure is None or not is_kept(figure):
        picture = pictures.as_it_is(held)
        if anew or pictures.holds_more(held):
            picture = pictures.made_anew(held)
        figure = _figure_of(picture, came_as, filename)
        if keep_file:
            keep(figure.path, picture.held)
    # Somebody wants it, whatever the chore that clears figures was about to do; this waits for it.
    Figure.objects.filter(pk=figure.pk, unused_since__isnull=False).update(unused_since=None)
    if anew and figure.rendered_at is None:
        # Somebody waits for this one. What comes with dossiers comes in hundreds, and would keep workers from grading.
        render_later(figure)
    return figure


def focus_on(*, figure_id: int, x: int, y: int) -> None:
    """Say what must stay where only a part of the picture is shown; that part is cut anew."""
    moved = Figure.objects.filter(pk=figure_id).exclude(focus_x=x, focus_y=y)
    if moved.update(focus_x=x, focus_y=y, rendered_at=None):
        render_later(Figure.objects.get(pk=figure_id))


def is_kept(figure: Figure) -> bool:
    return place_of(figure).exists()


def _figure_of(picture: Picture, came_as: str, filename: str) -> Figure:
    told = {
        "extension": picture.extension,
        "width": picture.width,
        "height": picture.height,
        "filename": filename,
        "came_as": came_as,
    }
    return Figure.objects.get_or_create(digest=picture.digest, defaults=told)[0]


def keep(path: str, held: bytes) -> None:
    """Write a file below MEDIA_ROOT, unless it is there; a reader finds all of it or nothing."""
    place = Path(settings.MEDIA_ROOT) / path
    if place.exists() and place.stat().st_size == len(held):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as draft:
        try:
            draft.write(held)
            draft.flush()
            os.fsync(draft.fileno())
            os.chmod(draft.name, 0o644)
            os.replace(draft.name, place)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def place_of(figure: Figure) -> Path:
    return Path(settings.MEDIA_ROOT) / figure.path


def public_figures() -> QuerySet[Figure]:
    """Figures of live texts; nobody knows of any other."""
    published = Profile.objects.published().filter(live_revision__figure__isnull=False)
    return Figure.objects.filter(pk__in=published.values("live_revision__figure"))


def shown_at(digest: str, extension: str) -> str:
    """Return where the file of this name lies, if it is a public figure or a rendition of one; otherwise nothing."""
    named = [{"digest": digest, "extension": extension}]
    is_it = Q(digest=digest, extension=extension) | Q(renditions__contains=named)
    return f"figures/{digest}.{extension}" if public_figures().filter(is_it).exists() else ""


# --- Renditions -------------------------------------------------------------------------------------------------------


def widths_of(figure: Figure) -> list[int]:
    """Which widths it is offered in: those that are narrower than it is, and the widest that it has."""
    return [width for width in WIDTHS[:-1] if width < figure.width] + [min(figure.width, WIDTHS[-1])]


def render_later(figure: Figure) -> None:
    """Have a worker make the renditions once this transaction has committed. If nobody hears it, a chore finds it."""
    transaction.on_commit(lambda: _tell_a_worker(figure.pk))


def _tell_a_worker(figure_id: int) -> None:
    from config.celery import app

    try:
        app.send_task("profiles.tasks.render_figure", [figure_id])
    except (RedisError, BrokerError, OSError) as error:
        log.warning("No worker could be told of a figure (%s); the chore will find it.", error)


def render_some() -> int:
    """Make the renditions that are missing, for a few seconds; return how many figures came to their end."""
    until = time.monotonic() + AT_A_TIME
    done = 0
    for figure_id in Figure.objects.filter(rendered_at=None).order_by("pk").values_list("pk", flat=True):
        try:
            done += render(figure_id=figure_id, until=until)
        except Exception:
            # One that cannot be drawn must not keep the others from it.
            log.exception("A figure (number %s) was not rendered.", figure_id)
        if time.monotonic() > until:
            break
    return done


def render(*, figure_id: int, until: float | None = None) -> bool:
    """Make what is missing of a figure's renditions, one format after the other; True when none is missing any more.

    Safe to repeat and to do twice at once: a format that is there is left alone.
    """
    figure = Figure.objects.filter(pk=figure_id).first()
    if figure is None or not is_kept(figure):
        return False
    with Image.open(place_of(figure)) as opened:
        image = pictures.plainly(opened)
    for extension in FORMATS:
        if until and time.monotonic() > until:
            return False
        if not figure.offered(extension):
            _add(figure, [_rendition(image, figure, width, extension) for width in widths_of(figure)])
    if not figure.shared:
        _add(figure, [_cut(image, figure)])
    return bool(Figure.objects.filter(pk=figure.pk, rendered_at=None).update(rendered_at=timezone.now()))


def _rendition(image: Image.Image, figure: Figure, width: int, extension: str) -> dict[str, Any]:
    if (width, extension) == (figure.width, figure.extension):
        return _itself(figure)
    return _kept_as(pictures.sized(image, width=width, extension=extension), extension, width=width)


def _itself(figure: Figure) -> dict[str, Any]:
    return {"digest": figure.digest, "extension": figure.extension, "width": figure.width}


def _cut(image: Image.Image, figure: Figure) -> dict[str, Any]:
    width, height = SHARED
    focus = figure.focus_x / 100, figure.focus_y / 100
    return _kept_as(
        pictures.cut(image, width=width, height=height, focus=focus), "jpeg", width=width, focus=figure.focus
    )


def _kept_as(held: bytes, extension: str, **told: Any) -> dict[str, Any]:
    digest = hashlib.sha256(held).hexdigest()
    keep(f"figures/{digest}.{extension}", held)
    return {"digest": digest, "extension": extension, **told}


def _add(figure: Figure, made: list[dict[str, Any]]) -> None:
    """Note renditions whose files are there. Whoever came first stays, and the other's files are strays."""
    with transaction.atomic():
        standing = Figure.objects.select_for_update().get(pk=figure.pk)
        known = {Figure.kind_of(one) for one in standing.renditions}
        new = [one for one in made if Figure.kind_of(one) not in known]
        figure.renditions = [*standing.renditions, *new]
        figure.save(update_fields=["renditions"])


# --- Clearing ---------------------------------------------------------------------------------------------------------


def clear() -> None:
    """Remove figures that no text has used for a month, and files that belong to none."""
    used = Exists(Revision.objects.filter(figure=OuterRef("pk")))
    Figure.objects.filter(used, unused_since__isnull=False).update(unused_since=None)
    Figure.objects.filter(~used, unused_since=None).update(unused_since=timezone.now())
    for figure in Figure.objects.filter(unused_since__lt=timezone.now() - GRACE):
        _remove(figure.pk)
    _clear_strays()


def _remove(figure_id: int) -> None:
    long_ago = timezone.now() - GRACE
    try:
        with transaction.atomic():
            # Locked and asked again: somebody may have chosen it since.
            found = Figure.objects.select_for_update(skip_locked=True).filter(pk=figure_id, unused_since__lt=long_ago)
            if figure := found.first():
                paths = figure.paths
                figure.delete()
                _unlink(paths - _paths_in_use(paths))
    except IntegrityError:
        log.info("A figure (number %s) is used after all.", figure_id)


def _paths_in_use(paths: set[str]) -> set[str]:
    """Small pictures may share a rendition."""
    return {path for path in paths if _is_in_use(*Path(path).name.split(".", 1))}


def _is_in_use(digest: str, extension: str) -> bool:
    named = Q(renditions__contains=[{"digest": digest, "extension": extension}])
    return Figure.objects.filter(named | Q(digest=digest, extension=extension)).exists()


def _clear_strays() -> None:
    folder = Path(settings.MEDIA_ROOT) / "figures"
    old = {f"figures/{file.name}" for file in _files_in(folder) if _age(file) > STRAY.total_seconds()}
    known = {path for figure in Figure.objects.iterator() for path in figure.paths}
    _unlink(old - known)


def _files_in(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else iter(())


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def _unlink(paths: set[str]) -> None:
    for path in paths:
        (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)
