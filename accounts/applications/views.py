"""Applying, as the applicant does it."""

from typing import cast

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import NotVerified
from accounts.applications import actions, documents, membership, renewal
from accounts.applications.evidence import AskedOften
from accounts.applications.forms import ApplicationForm
from accounts.applications.progress import Progress, progress_of
from accounts.applications.states import NotPossible
from accounts.models import Document, User, Version

SAVED = gettext_lazy("Saved. Nobody sees it until you submit it.")
SENT = gettext_lazy("Sent. You get a mail that says it has arrived.")


@require_http_methods(["GET", "HEAD", "POST"])
@documents.takes_uploads
@login_required
def application(request: HttpRequest) -> HttpResponse:
    """The form, and where what was sent stands."""
    user = cast(User, request.user)
    progress = progress_of(user)
    held = _held(user, progress)
    if request.method != "POST":
        return _page(request, progress, ApplicationForm(held=held))
    form = ApplicationForm(request.POST, request.FILES, held=held)
    if form.is_valid() and _done(request, user, form):
        return redirect("accounts:application")
    return _page(request, progress_of(user), form)


def _done(request: HttpRequest, user: User, form: ApplicationForm) -> bool:
    """Save or submit what was written; where that is not possible, the form says why and keeps it."""
    submits = "submit" in request.POST
    do = actions.submit if submits else actions.save
    try:
        do(applicant=user, written=form.written(), seen=form.seen_version)
    except actions.Incomplete as incomplete:
        for field, sentence in incomplete.flaws.items():
            form.add_error(field, sentence)
    except actions.ChangedMeanwhile as changed:
        form.add_error(None, str(changed))
        form.show_version(progress.application.version if (progress := progress_of(user)) else 0)
    except NotVerified:
        form.add_error(None, _("Confirm your email address before you submit; what you wrote can be saved meanwhile."))
    except NotPossible as refused:
        form.add_error(None, str(refused))
    else:
        messages.success(request, SENT if submits else SAVED)
        return True
    return False


def _held(user: User, progress: Progress | None) -> Version:
    """What the form begins with: what was saved, or what was written last time."""
    if progress and progress.application.is_open:
        return progress.text
    return renewal.start_for(user, membership.may_apply(user, at=timezone.now()).renews)


def _page(request: HttpRequest, progress: Progress | None, form: ApplicationForm) -> HttpResponse:
    user = cast(User, request.user)
    is_open = progress is not None and progress.application.is_open
    found = membership.may_apply(user, at=timezone.now())
    context = {
        "progress": progress,
        "is_open": is_open,
        "form": form,
        "obstacle": "" if is_open else found.obstacle,
        "renews": progress.application.renews if progress and is_open else found.renews,
        "verified": EmailAddress.objects.filter(user=user, verified=True).exists(),
    }
    return render(request, "accounts/application.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ask once, then take the application back."""
    user = cast(User, request.user)
    if request.method == "POST":
        try:
            actions.withdraw(applicant=user)
        except NotPossible as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Withdrawn."))
        return redirect("accounts:application")
    progress = progress_of(user)
    if progress is None or not progress.application.is_open:
        return redirect("accounts:application")
    return render(request, "accounts/application_withdraw.html", {"progress": progress})


@require_http_methods(["POST"])
@login_required
def look_again(request: HttpRequest) -> HttpResponse:
    try:
        actions.look_again(applicant=cast(User, request.user))
    except (NotPossible, AskedOften) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The registries and DNS are asked again. That takes a minute or two."))
    return redirect("accounts:application")


@require_safe
@login_required
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The applicant's own document. Officers have an address of their own on the desk."""
    mine = Document.objects.filter(application__applicant=cast(User, request.user))
    return documents.answer(get_object_or_404(mine, pk=pk))
