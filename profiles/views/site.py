"""The site's own pages: how grades come about, how to reach us, what membership is, and what machines read."""

import re

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.pagecache import public
from profiles import contact as desk
from profiles import sitemaps
from profiles.forms import ContactForm
from profiles.markup import render_markdown
from profiles.models import Page, Profile
from profiles.pages.methodology import methodology as published_method

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"


@public
def methodology(request: HttpRequest) -> HttpResponse:
    return render(request, "profiles/methodology.html", {"method": published_method()})


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """A form with a token, so nobody else may get these bytes; public pages link here."""
    about = _about(request.GET.get("profile", ""))
    form = ContactForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _form(request, form, about)
    if form.is_from_a_program:
        return redirect("profiles:contact_thanks")
    if refusal := _too_many(request):
        form.add_error(None, refusal)
        return _form(request, form, about, status=429)
    desk.open_ticket(
        profile=about,
        message=form.cleaned_data["message"],
        name=form.cleaned_data["name"],
        email=form.cleaned_data["email"],
    )
    return redirect("profiles:contact_thanks")


def _too_many(request: HttpRequest) -> str:
    """What to tell somebody whose report cannot be taken now, or nothing. It never depends on what is in the report."""
    if desk.is_flooded():
        return _("More reports came within an hour than we can read. Please try again in an hour.")
    if not desk.may_report(get_adapter().get_client_ip(request)):
        return _("Many reports came from your address within an hour. Please try again in an hour.")
    return ""


def _form(request: HttpRequest, form: ContactForm, about: Profile | None, *, status: int = 200) -> HttpResponse:
    name = about.live_revision.name if about and about.live_revision else ""
    return render(request, "profiles/contact.html", {"form": form, "about": about, "name": name}, status=status)


def _about(slug: str) -> Profile | None:
    """The profile a report is about. One that nobody may see is one we do not know."""
    if len(slug) > 100 or not re.fullmatch(SLUG, slug):
        return None
    return Profile.objects.published().select_related("live_revision").filter(slug=slug).first()


@require_safe
def contact_thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "profiles/contact_thanks.html")


@public
def membership(request: HttpRequest) -> HttpResponse:
    return render(request, "profiles/membership.html")


@public
def membership_tier(request: HttpRequest, tier: str) -> HttpResponse:
    return render(request, f"profiles/membership_{tier.replace('-', '_')}.html")


@public
def page_detail(request: HttpRequest, slug: str) -> HttpResponse:
    page = get_object_or_404(Page, slug=slug)
    return render(request, "profiles/page_detail.html", {"page": page, "body": render_markdown(page.body, below=1)})


@public
def sitemap(request: HttpRequest) -> HttpResponse:
    """All addresses; where they are too many for one sitemap, the sitemaps that hold them."""
    entries = sitemaps.part(1)
    if len(entries) == sitemaps.LARGEST and sitemaps.part(2):
        return _xml(request, "profiles/sitemap_index.xml", sitemaps.parts())
    return _xml(request, "profiles/sitemap.xml", entries)


@public
def sitemap_part(request: HttpRequest, number: str) -> HttpResponse:
    entries = sitemaps.part(int(number))
    if not entries:
        raise Http404
    return _xml(request, "profiles/sitemap.xml", entries)


def _xml(request: HttpRequest, template: str, entries: list[sitemaps.Entry]) -> HttpResponse:
    return render(request, template, {"entries": entries}, content_type="application/xml; charset=utf-8")


@public
def robots(request: HttpRequest) -> HttpResponse:
    context = {"sitemap": settings.SITE_URL + reverse("profiles:sitemap")}
    return render(request, "profiles/robots.txt", context, content_type="text/plain; charset=utf-8")
