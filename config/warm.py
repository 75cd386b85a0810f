"""What a web process loads before it takes requests: half a second that its first reader would wait otherwise."""

from django.conf import settings
from django.template.loader import get_template
from django.urls import resolve, reverse

from config.kept import release


def warm_up() -> None:
    """Find every address with its view, compile the templates, and learn which release this is. Asks no database."""
    resolve("/")
    reverse("profiles:home")
    release()
    folder = settings.BASE_DIR / "templates"
    for template in sorted(folder.rglob("*.html")):
        get_template(str(template.relative_to(folder)))
