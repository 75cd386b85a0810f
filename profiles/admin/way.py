"""The buttons under a text, each for whoever may press it, and what pressing one does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from profiles import actions, stages
from profiles.admin.shared import person_of
from profiles.models import Revision, Stage
from profiles.models.stage import JUDGED
from profiles.stages import PUBLISH, Text

TO_COME, WRITTEN = {Stage.DRAFT, Stage.IN_REVIEW}, {Stage.DRAFT, Stage.IN_REVIEW, *JUDGED}


@dataclass(frozen=True, slots=True)
class Pressed:
    """What an action needs to know of the form it was asked from."""

    text_id: int
    by: AbstractBaseUser
    seen: int | None
    reason: str
    at: Any


@dataclass(frozen=True, slots=True)
class Button:
    """One step that can be taken from some stages, by editors or by whoever wrote the text as well."""

    name: str
    label: str
    stages: frozenset[Stage]
    done: str
    by_writer: bool = False
    asks: str = ""  # the field it cannot do without


@dataclass(frozen=True, slots=True)
class Way:
    """What the steps do with one kind of text: an action for each button, by its name, and what is done once it is up."""

    acts: Mapping[str, Callable[[Pressed], object]]
    called: Callable[[Text], str]
    draft: Callable[[Text, AbstractBaseUser], Text]
    withdraw: Callable[[Text, AbstractBaseUser, str], None]
    put_up_again: Callable[[Text, AbstractBaseUser], None]
    once_up: Callable[[Text], str]  # where one goes from there


def _button(name: str, label: str, at: set[Stage], done: str, **more: Any) -> Button:
    return Button(name, label, frozenset(at), done, **more)


# In the order they stand in. What is typed is saved first, whichever is pressed.
BUTTONS = (
    _button(
        "_review",
        "Save and send to review",
        {Stage.DRAFT},
        "is with the editors for review.",
        by_writer=True,
    ),
    _button(
        "_take_back",
        "Save and take back from review",
        {Stage.IN_REVIEW},
        "is a draft again.",
        by_writer=True,
    ),
    _button(
        "_send_back",
        "Send back to its author",
        WRITTEN - {Stage.DRAFT},
        "went back to its author.",
        asks="reason",
    ),
    _button(
        "_approve",
        "Approve",
        TO_COME,
        "is approved. It goes up when somebody publishes or schedules it.",
    ),
    _button(
        "_schedule",
        "Schedule",
        set(JUDGED),
        "is scheduled.",
        asks="publish_at",
    ),
    _button(
        "_unschedule",
        "Take off the schedule",
        {Stage.SCHEDULED},
        "waits until somebody publishes it.",
    ),
    _button(
        "_publish",
        "Save and publish this draft",
        WRITTEN,
        "is published.",
    ),
)
BY_NAME = {button.name: button for button in BUTTONS}


def _draft(revision: Revision, by: AbstractBaseUser) -> Revision:
    return actions.start_draft(profile_id=revision.profile_id, by=by, of=revision.pk)


def _withdraw(revision: Revision, by: AbstractBaseUser, reason: str) -> None:
    actions.withdraw_profile(profile_id=revision.profile_id, by=by, reason=reason)


OF_A_PROFILE = Way(
    acts={
        "_review": lambda pressed: actions.send_to_review(revision_id=pressed.text_id, by=pressed.by),
        "_take_back": lambda pressed: actions.take_back(revision_id=pressed.text_id, by=pressed.by),
        "_send_back": lambda pressed: actions.send_back(
            revision_id=pressed.text_id, by=pressed.by, because=pressed.reason
        ),
        "_approve": lambda pressed: actions.approve_revision(
            revision_id=pressed.text_id, by=pressed.by, seen=pressed.seen
        ),
        "_schedule": lambda pressed: actions.schedule_revision(
            revision_id=pressed.text_id, by=pressed.by, at=pressed.at
        ),
        "_unschedule": lambda pressed: actions.unschedule_revision(revision_id=pressed.text_id, by=pressed.by),
        "_publish": lambda pressed: actions.publish_revision(
            revision_id=pressed.text_id, by=pressed.by, seen=pressed.seen
        ),
    },
    called=lambda revision: str(revision.name),
    draft=_draft,
    withdraw=_withdraw,
    put_up_again=lambda revision, by: actions.restore_profile(profile_id=revision.profile_id, by=by),
    once_up=lambda revision: f"/admin/profiles/profile/{revision.profile_id}/change/",
)


# --- Pressing them ----------------------------------------------------------------------------------------------------


def buttons_for(user: Any, text: Text) -> list[Button]:
    """The steps this person may take with this text now."""
    return [button for button in BUTTONS if text.stage in button.stages and may_press(user, button, text)]


def may_press(user: Any, button: Button, text: Text) -> bool:
    return user.has_perm(PUBLISH) or (button.by_writer and is_writer(user, text))


def is_writer(user: Any, text: Text) -> bool:
    """Tell whether this draft is somebody's own: they began it, or wrote on it."""
    return user.pk in {text.created_by_id, *text.hands}


def four_eyes(user: Any, text: Text) -> str:
    """What an editor is told who wrote on the text they might approve; nothing where it is somebody else's."""
    if text.stage not in TO_COME or not user.has_perm(PUBLISH) or user.pk not in text.hands:
        return ""
    if stages.other_editors(text.hands):
        return "You wrote on this text, so another editor approves it."
    return "You wrote on this text. There is no other editor, so you may approve it yourself; its history says so."


def pressed_in(posted: Any) -> Button | None:
    return next((button for name, button in BY_NAME.items() if name in posted), None)


def press(request: HttpRequest, way: Way, button: Button, text: Text, pressed: Pressed) -> HttpResponse:
    """Take the step, and go where one goes from there; what refuses is told in its own sentences."""
    if not may_press(request.user, button, text):
        raise PermissionDenied
    try:
        way.acts[button.name](pressed)
    except actions.NotPublishable as refused:
        for flaw in refused.flaws:
            messages.error(request, flaw.sentence)
        return HttpResponseRedirect(request.path)
    except (stages.Refused, actions.NoDraft) as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(request.path)
    messages.success(request, f"{way.called(text)} {button.done}")
    return HttpResponseRedirect(way.once_up(text) if button.name == "_publish" else request.path)


def withdraw(request: HttpRequest, way: Way, text: Text) -> None:
    """Take it down, for a reason."""
    reason = request.POST.get("reason", "").strip()
    if not request.user.has_perm(PUBLISH):
        raise PermissionDenied
    if not reason:
        messages.error(request, "Not withdrawn: say why. The reason is kept on the desk; readers do not see it.")
        return
    way.withdraw(text, person_of(request), reason)
    messages.success(request, f"{way.called(text)} is withdrawn.")


def put_up_again(request: HttpRequest, way: Way, text: Text) -> None:
    if not request.user.has_perm(PUBLISH):
        raise PermissionDenied
    try:
        way.put_up_again(text, person_of(request))
    except (actions.NotPublished, actions.NotPublishable) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{way.called(text)} is up again.")


# --- What lies beside a text ------------------------------------------------------------------------------------------

Beside = Callable[[Revision], tuple[str, str]]
_beside: list[Beside] = []


def leads_to(tell: Beside) -> None:
    """Show under every text of a profile a link that this function returns: its words and its address."""
    if tell not in _beside:
        _beside.append(tell)


def beside(revision: Revision) -> list[tuple[str, str]]:
    return [tell(revision) for tell in _beside]


def way_of(text: Text) -> Iterator[str]:
    """The steps of a text in words, the newest first."""
    for step in text.steps.select_related("by"):
        who = f", {stages.named(step.by)}" if step.by_id else ""
        when = f", for {step.goes_live_at:%Y-%m-%d %H:%M} UTC" if step.goes_live_at else ""
        alone = " There was no other editor." if step.alone else ""
        because = f" {step.reason}" if step.reason else ""
        said = f"{step.get_was_display()} → {step.get_stage_display()}{when}"
        yield f"{step.at:%Y-%m-%d %H:%M} UTC{who}: {said}.{because}{alone}"
