import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("ASSAY_PROCESS", "web")

django = get_wsgi_application()

from config.kept import in_front_of  # noqa: E402  it needs Django set up, which the line above does
from config.warm import warm_up  # noqa: E402

application = in_front_of(django)
warm_up()

# What is loaded by now stays; going through all of it again and again would take a tenth of a page's time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
