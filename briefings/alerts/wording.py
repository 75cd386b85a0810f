"""What a mail says of the news: one entry for each profile or publisher, whatever happened to it in between."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts.tiers import GATED, Tier
from briefings.alerts.models import News
from briefings.gate import can_read
from briefings.models import Teaser
from briefings.teasers import page_of
from profiles.grading.causes import explain_cause
from profiles.grading.scale import Band, band_of
from profiles.grading.working import label_in_words, reliability_in_words
from profiles.models import Grade, Profile, Publisher

CAUSES = 4  # told; the page has the rest


@dataclass(frozen=True, slots=True)
class Entry:
    """One profile or publisher: what happened, in few words for the subject, and in sentences."""

    name: str
    headlines: Sequence[str]
    lines: Sequence[str]
    url: str

    @property
    def headline(self) -> str:
        return f"{self.name}: {'; '.join(self.headlines)}"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that happened: its words for the subject, and its sentences."""

    headline: str
    lines: Sequence[str]


def entries(news: Sequence[News], *, tier: Tier) -> list[Entry]:
    """Return what to tell a reader of that tier, in the order in which things began to happen."""
    grades = _grades_behind(news)
    return [_entry(of_one, tier, grades) for of_one in _by_subject(news)]


def subject_of(told: Sequence[Entry]) -> str:
    more = len(told) - 1
    return f"{told[0].headline}, and {more} more" if more else told[0].headline


def address(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def plain(text: str) -> str:
    """A name or title on one line, as subjects and lists need it."""
    return " ".join(text.split())


def _by_subject(news: Sequence[News]) -> Iterable[list[News]]:
    found: dict[tuple[int | None, int | None], list[News]] = defaultdict(list)
    for one in news:
        found[one.profile_id, one.publisher_id].append(one)
    return found.values()


def _entry(news: list[News], tier: Tier, grades: "Grades") -> Entry:
    if publisher := news[0].publisher:
        said = [_letter(news)]
        return Entry(plain(publisher.name), *_joined(said), address(publisher.get_absolute_url()))
    profile = news[0].profile
    assert profile is not None
    assert profile.live_revision is not None
    said = list(_said_of(profile, news, tier, grades))
    graded = any(one.kind == News.Kind.GRADE and not one.first for one in news)
    url = reverse("profiles:profile_confidence", args=[profile.slug]) if graded else profile.get_absolute_url()
    return Entry(plain(profile.live_revision.name), *_joined(said), address(url))


def _joined(said: Sequence[Said]) -> tuple[list[str], list[str]]:
    return [one.headline for one in said], [line for one in said for line in one.lines]


def _said_of(profile: Profile, news: list[News], tier: Tier, grades: "Grades") -> Iterator[Said]:
    moves = [one for one in news if one.kind == News.Kind.GRADE]
    if moves:
        yield _arrival(profile, moves[-1]) if moves[0].first else _grade(moves, grades)
    for one in news:
        if one.kind == News.Kind.BRIEFING:
            yield _briefing(profile, one, tier)
        elif one.kind == News.Kind.CORRECTION:
            yield _correction(one)


# --- Grades -----------------------------------------------------------------------------------------------------------

Grades = dict[int, list[Grade]]


def _grades_behind(news: Sequence[News]) -> Grades:
    """The grades that each move consists of, by profile: several may lie between two that were noticed."""
    wanted = Q()
    for one in news:
        if one.kind == News.Kind.GRADE and not one.first:
            wanted |= Q(profile=one.profile_id, seq__gt=one.was_seq, seq__lte=one.seq)
    found: Grades = defaultdict(list)
    if wanted:
        for grade in Grade.objects.filter(wanted).defer("verdict").order_by("seq"):
            found[grade.profile_id].append(grade)
    return found


def _arrival(profile: Profile, newest: News) -> Said:
    assert profile.live_revision is not None
    lines = [profile.live_revision.standfirst, f"{_in_full(newest.now)}."]
    return Said(f"new profile, grade {_short(newest.now)}", [line for line in lines if line])


def _grade(moves: list[News], grades: Grades) -> Said:
    was, now = moves[0].was, moves[-1].now
    behind = grades.get(moves[0].profile_id or 0, [])
    if _band(was) == _band(now):
        between = " and ".join(dict.fromkeys(_brief(one.now) for one in moves[:-1]))
        line = f"{_in_full(now)}, as before. In between it was {between}."
        return Said(f"grade {_short(now)}, as before", [line, *_reasons(behind)])
    since = f", since {_moment(behind[-1].graded_at)}" if behind else ""
    passed = [one.now for one in moves[:-1] if _band(one.now) not in (_band(was), _band(now))]
    through = f" In between it was {' and '.join(dict.fromkeys(map(_brief, passed)))}." if passed else ""
    line = f"{_in_full(now)}{since}. It was {_brief(was)}.{through}"
    return Said(f"grade {_short(now, beside=was)}, was {_short(was, beside=now)}", [line, *_reasons(behind)])


def _reasons(behind: Sequence[Grade]) -> list[str]:
    causes = list(dict.fromkeys(explain_cause(cause) for grade in behind for cause in grade.causes))
    more = [f"And {len(causes) - CAUSES} more; the page tells all of them."] if len(causes) > CAUSES else []
    return [*causes[:CAUSES], *more]


def _band(score: str) -> Band:
    return band_of(float(score))


def _short(score: str, *, beside: str = "") -> str:
    """The letters of a score; its label where the letters beside it are the same."""
    band = _band(score)
    same = beside and _band(beside).letters == band.letters
    return f"{band.letters} ({label_in_words(band.label)})" if same else band.letters


def _brief(score: str) -> str:
    return f"{_band(score).letters} ({score})"


def _in_full(score: str) -> str:
    return f"Grade {_band(score).letters} ({score}, {label_in_words(_band(score).label)})"


def _moment(at: datetime) -> str:
    return f"{at:%-d %B %Y, %H:%M} UTC"


# --- Briefings, corrections, letters ----------------------------------------------------------------------------------


def _briefing(profile: Profile, one: News, tier: Tier) -> Said:
    """The public teaser. Whoever may read the briefing gets a link to it, and nobody a word of it."""
    teaser = one.teaser
    assert teaser is not None
    if not teaser.current:  # it has been revised since
        teaser = Teaser.objects.live().of_one(teaser).first() or teaser
    url = address(reverse("briefings:briefing_detail", args=[profile.slug]))
    opens = Tier(teaser.tier)
    above = "" if opens == max(GATED) else " and above"
    closed = f"It opens to members of the {opens.title}{above}: {address(page_of(opens))}"
    step = f"Read it: {url}" if can_read(tier, teaser) else closed
    lines = [f"New briefing: {plain(teaser.title)}", teaser.summary, step]
    return Said("a new briefing", [line for line in lines if line])


def _correction(one: News) -> Said:
    correction = one.correction
    assert correction is not None
    later = correction.superseded_by
    since = f" It was superseded by the correction of {later.on:%-d %B %Y}." if later else ""
    return Said("a correction", [f"Correction of {correction.on:%-d %B %Y}: {correction.text}{since}"])


def _letter(news: list[News]) -> Said:
    publisher, was, now = news[0].publisher, news[0].was, news[-1].now
    assert isinstance(publisher, Publisher)
    if was == now:
        between = " and ".join(dict.fromkeys(one.now for one in news[:-1]))
        return Said(f"Reliability {now}, as before", [f"Reliability {now}, as before. In between it was {between}."])
    line = f"Reliability {now}, {reliability_in_words(now)}. It was {was}."
    reason = [publisher.reliability_reason] if publisher.reliability == now and publisher.reliability_reason else []
    return Said(f"Reliability {now}, was {was}", [line, *reason])
