"""The mails of this app, written at the moment they leave, for who their reader is by then."""

from collections.abc import Sequence

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts.access import tier_of
from accounts.models import User
from accounts.tiers import Tier
from briefings.alerts import tokens, wording
from briefings.alerts.hearing import Hearing
from briefings.alerts.models import Follow, News, Often, Subscriber
from briefings.alerts.subjects import Subject, subjects_of
from config import mailing
from config.models import OutgoingMail

BY_MAIL = [pace for pace in Often.values if pace != Often.NEVER]
NAMED = 20  # follows with a link of their own at the end of a mail; the list on the site has the others


@mailing.renders("alerts")
def alerts(mail: OutgoingMail) -> mailing.Written | None:
    """What moved of what somebody follows. Dropped if they unfollowed, left, or everything was withdrawn meanwhile."""
    reader = _reader(mail)
    if reader is None:
        return None
    heard = _heard(mail, reader)
    news = sorted({one for told in heard.values() for one in told}, key=lambda one: one.pk)
    subjects = subjects_of(follow for follow, told in heard.items() if told)
    if not news or not subjects:
        return None
    tier = tier_of(reader, at=timezone.now())
    told = wording.entries(news, tier=tier)
    return mailing.written(
        "alerts/mails/alerts.txt",
        {"subject": wording.subject_of(told), "entries": told, **_ways_out(mail, list(subjects.values()))},
        headers=tokens.one_click(_stop_all(mail, list(subjects.values()))),
    )


def _reader(mail: OutgoingMail) -> User | None:
    """Who the mail is for, if the account is open and the address is still theirs and confirmed."""
    assert mail.user_id is not None
    theirs = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True, email__iexact=mail.to)
    return User.objects.filter(Exists(theirs), pk=mail.user_id, is_active=True).first()


def _heard(mail: OutgoingMail, reader: User) -> dict[Follow, list[News]]:
    after = {int(follow_id): number for follow_id, number in mail.about["after"].items()}
    follows = Follow.objects.told(*BY_MAIL).filter(user=reader, pk__in=after).order_by("pk")
    told = News.objects.public().between(min(after.values()), mail.about["to"]).for_telling()
    hearing = Hearing(list(told))
    return {follow: hearing.heard_by(follow, after=after[follow.pk]) for follow in follows}


def _stop(mail: OutgoingMail, subject: Subject) -> str:
    assert mail.user_id is not None
    return tokens.stop_url(tokens.FOLLOW, mail.user_id, subject.kind, subject.id)


def _stop_all(mail: OutgoingMail, subjects: Sequence[Subject]) -> str:
    """What the button of a mail program stops: the one follow the mail is about, or all mails at this pace."""
    assert mail.user_id is not None
    if len(subjects) == 1:
        return _stop(mail, subjects[0])
    return tokens.stop_url(tokens.PACE, mail.user_id, mail.about["pace"])


def _ways_out(mail: OutgoingMail, subjects: Sequence[Subject]) -> dict[str, object]:
    return {
        "pace": Often(mail.about["pace"]).label,
        "follows": [(wording.plain(subject.name), _stop(mail, subject)) for subject in subjects[:NAMED]],
        "more": max(0, len(subjects) - NAMED),
        "stop_all": _stop_all(mail, subjects) if len(subjects) > 1 else "",
        "list_url": wording.address(reverse("alerts:following")),
    }


# --- The newsletter ---------------------------------------------------------------------------------------------------


@mailing.renders("newsletter_question")
def newsletter_question(mail: OutgoingMail) -> mailing.Written | None:
    """Is it really you? Dropped once the address has been forgotten; who subscribed before is told so."""
    subscriber = Subscriber.objects.filter(pk=mail.about["subscriber"]).first()
    if subscriber is None:
        return None
    stop_url = tokens.stop_url(tokens.NEWSLETTER, subscriber.digest)
    known = subscriber.confirmed_at is not None
    context = {"known": known, "confirm_url": tokens.confirm_url(subscriber.pk), "stop_url": stop_url}
    return mailing.written("alerts/mails/newsletter_question.txt", context, headers=tokens.one_click(stop_url))


@mailing.renders("newsletter")
def newsletter(mail: OutgoingMail) -> mailing.Written | None:
    """What moved in the week. Dropped for who has unsubscribed, and where nothing of it is public any more."""
    subscriber = Subscriber.objects.filter(pk=mail.about["subscriber"], confirmed_at__isnull=False).first()
    news = News.objects.in_the_newsletter().between(mail.about["after"], mail.about["to"]).for_telling()
    told = wording.entries(list(news), tier=Tier.READER)
    if subscriber is None or not told:
        return None
    stop_url = tokens.stop_url(tokens.NEWSLETTER, subscriber.digest)
    context = {"subject": wording.subject_of(told), "entries": told, "stop_url": stop_url}
    return mailing.written("alerts/mails/newsletter.txt", context, headers=tokens.one_click(stop_url))
