"""Forms on pages of their own, which nobody else may get; public pages link here."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import cast

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import standing_of
from accounts.models import User
from briefings.alerts import actions, tokens
from briefings.alerts.forms import FollowForm, PreferenceForm, SubscribeForm
from briefings.alerts.models import Follow, Often, Preference
from briefings.alerts.querysets import UNLESS_SAID
from briefings.alerts.subjects import Subject, asked_for, numbered, subjects_of
from profiles.public import Moved

FORMS = ["GET", "HEAD", "POST"]
UNFOLLOW = "unfollow"


# --- Following --------------------------------------------------------------------------------------------------------


@require_http_methods(FORMS)
@login_required
def follow(request: HttpRequest) -> HttpResponse:
    """Follow one thing, say how often to be told, or stop."""
    if not request.GET:
        return redirect("alerts:following")
    try:
        subject = asked_for(request.GET)
    except Moved as moved:
        return redirect(f"{reverse('alerts:follow')}?profile={moved.slug}")
    user = cast(User, request.user)
    if request.method == "POST" and request.POST.get("do") == UNFOLLOW:
        actions.unfollow(user=user, subject=subject)
        messages.success(request, _("You do not follow %(name)s any more.") % {"name": subject.name})
        return redirect(subject.follow_url)
    form = _follow_form(request, user, subject)
    if request.method == "POST" and form.is_valid():
        return _followed(request, user, subject, form.cleaned_data["often"])
    return render(request, "alerts/follow.html", _follow_page(user, subject, form))


def _follow_form(request: HttpRequest, user: User, subject: Subject) -> FollowForm:
    found = Follow.objects.filter(user=user, **subject.column).first()
    posted = request.POST if request.method == "POST" else None
    return FollowForm(posted, account=_pace_of(user), initial={"often": found.often if found else ""})


def _followed(request: HttpRequest, user: User, subject: Subject, often: str) -> HttpResponse:
    try:
        actions.follow(user=user, subject=subject, often=often)
    except actions.NotVerified:
        messages.error(request, _("Confirm your email address first; then you can follow."))
        return redirect("account_email")
    except actions.TooManyFollows:
        said = ngettext(
            "You follow %(number)d thing already. Remove it to follow another.",
            "You follow %(number)d things already. Remove one to follow another.",
            actions.FOLLOWS_MAX,
        )
        messages.error(request, said % {"number": actions.FOLLOWS_MAX})
        return redirect("alerts:following")
    followed = {"name": subject.name, "pace": Often(often or _pace_of(user)).label}
    messages.success(request, _("You follow %(name)s. We write %(pace)s.") % followed)
    return redirect(subject.follow_url)


def _follow_page(user: User, subject: Subject, form: FollowForm) -> Mapping[str, object]:
    return {
        "subject": subject,
        "form": form,
        "followed": Follow.objects.filter(user=user, **subject.column).exists(),
        "verified": standing_of(user, at=timezone.now()).verified,
    }


def _pace_of(user: User) -> str:
    said = Preference.objects.filter(user=user).values_list("often", flat=True).first()
    return said or UNLESS_SAID


@dataclass(frozen=True, slots=True)
class Row:
    """One follow as its reader's list shows it; without a subject where that is not public any more."""

    follow: Follow
    subject: Subject | None


@require_http_methods(FORMS)
@login_required
def following(request: HttpRequest) -> HttpResponse:
    """Everything somebody follows, and how often they are written to."""
    user = cast(User, request.user)
    form = PreferenceForm(initial={"often": _pace_of(user)})
    if request.method == "POST" and "follow" in request.POST:
        return _changed(request, user)
    if request.method == "POST":
        form = PreferenceForm(request.POST)
        if form.is_valid():
            actions.prefer(user=user, often=form.cleaned_data["often"])
            pace = Often(form.cleaned_data["often"]).label
            messages.success(request, _("We write %(pace)s.") % {"pace": pace})
            return redirect("alerts:following")
    context = {"form": form, "rows": _rows(user), "paces": Often.choices, "account": Often(_pace_of(user)).label}
    return render(request, "alerts/following.html", context)


def _rows(user: User) -> list[Row]:
    follows = list(Follow.objects.filter(user=user))
    subjects = subjects_of(follows)
    rows = [Row(follow, subjects.get(follow.pk)) for follow in follows]
    return sorted(rows, key=lambda row: (row.subject is None, row.subject.name.casefold() if row.subject else ""))


def _changed(request: HttpRequest, user: User) -> HttpResponse:
    number, often = request.POST["follow"], request.POST.get("often", "")
    if not number.isdecimal() or len(number) > 18 or often not in ("", *Often.values):
        raise Http404
    if request.POST.get("do") == UNFOLLOW:
        actions.remove(user=user, follow_id=int(number))
        messages.success(request, _("Removed from your list."))
    else:
        actions.change(user=user, follow_id=int(number), often=often)
        messages.success(request, _("Changed."))
    return redirect("alerts:following")


# --- The newsletter ---------------------------------------------------------------------------------------------------


@require_http_methods(FORMS)
def newsletter(request: HttpRequest) -> HttpResponse:
    form = SubscribeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "alerts/newsletter.html", {"form": form})
    if form.is_from_a_program:
        return redirect("alerts:asked")
    try:
        actions.subscribe(email=form.cleaned_data["email"], client=_client(request))
    except actions.AskedTooOften:
        form.add_error(None, _("We have sent as many such mails as we send in an hour. Please try again in an hour."))
        return render(request, "alerts/newsletter.html", {"form": form}, status=429)
    return redirect("alerts:asked")


def _client(request: HttpRequest) -> str:
    """Whose request it is. A household has a whole network of IPv6 addresses, and a ceiling for each would be none."""
    address = get_adapter().get_client_ip(request)
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    return render(request, "alerts/asked.html")


@require_http_methods(FORMS)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, for the programs that open every link of a mail; POST confirms."""
    try:
        (subscriber_id,) = tokens.read(tokens.CONFIRM, token)
    except tokens.Forged as error:
        raise Http404 from error
    done = request.method == "POST" and actions.confirm(subscriber_id=subscriber_id)
    gone = request.method == "POST" and not done
    return _unshared(render(request, "alerts/confirm.html", {"done": done, "gone": gone}, status=410 if gone else 200))


# --- The way out ------------------------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(FORMS)
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """One click of a mail program, or the button on this page. The link says what it stops; who holds it is not asked."""
    try:
        what = tokens.read(tokens.STOP, token)
    except tokens.Forged as error:
        raise Http404 from error
    if request.method == "POST":
        actions.stop(what)
    return _unshared(render(request, "alerts/stop.html", {"what": _in_words(what), "done": request.method == "POST"}))


def _in_words(what: tokens.What) -> str:
    match what:
        case [tokens.FOLLOW, _user_id, str(kind), int(subject_id)]:
            subject = numbered(kind, subject_id)
            return _("mails about %(name)s") % {"name": subject.name} if subject else _("these mails")
        case [tokens.PACE, _user_id, str(pace)]:
            return _("all mails about what you follow that come %(pace)s") % {"pace": Often(pace).label}
    return _("the newsletter")


def _unshared(response: HttpResponse) -> HttpResponse:
    """The address is a key: no other site that the page links to learns of it."""
    response["Referrer-Policy"] = "same-origin"  # "no-referrer" would also hide from us that a form comes from here
    response["X-Robots-Tag"] = "noindex"
    return response
