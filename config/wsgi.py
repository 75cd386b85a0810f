import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("ASSAY_PROCESS", "web")

django = get_wsgi_application()

from config.kept import in_front_of  # noqa: E402  it needs Django set up, which the line above does

application = in_front_of(django)

# What the first pages would load, for the workers to have it in common (config/granian.py).
reverse("profiles:home")
for page in (settings.BASE_DIR / "templates" / "profiles").glob("*.html"):
    get_template(f"profiles/{page.name}")

# What is loaded by now stays; going through all of it again and again would take a tenth of a page's time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
