from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse

from profiles.grading.pipeline import editing


class Desk(AdminSite):
    """The editors' side. Every change made here is one transaction that says where it came from."""

    site_header = "Assay desk"
    site_title = "Assay desk"
    index_title = "What needs a hand"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        checked: Callable[..., HttpResponse] = super().admin_view(view, cacheable)

        def named(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return checked(request, *args, **kwargs)
            with editing(by="desk"):
                return checked(request, *args, **kwargs)

        named.csrf_exempt = getattr(checked, "csrf_exempt", False)  # type: ignore[attr-defined]
        return named
