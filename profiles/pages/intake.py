"""What the desk shows of an article that is taken in: its text with the passages marked, and each proposal in words."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from profiles.intake.origins import When
from profiles.intake.proposals import NAMED, PASSAGE, QUOTATION, STORY, label_of
from profiles.models import Intake, IntakeProposal, IntakeText

AROUND = 180  # characters of context on either side
LONGEST = 500  # characters of a passage
_SPACE = re.compile(r"\s+")
GONE = "The text is no longer kept."

SAYS = {
    NAMED: "It names {label}{when}.",
    STORY: "It tells what “{other}” tells, which goes back to {label}.",
    QUOTATION: "It shares a quotation with “{other}”: {label}.",
    PASSAGE: "It shares a passage with “{other}”, {likeness:.0f}% the same words.",
}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage with what stands around it."""

    before: str
    said: str
    after: str


@dataclass(frozen=True, slots=True)
class ShownProposal:
    """A proposal in words, with the passage that made it and, where there is one, its twin in another article."""

    proposal: IntakeProposal
    says: str
    here: Excerpt | None
    there: Excerpt | None

    @property
    def pk(self) -> int:
        return self.proposal.pk


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text, marked or not; `begins` are the proposals whose passage begins with it."""

    text: str
    marked: bool
    begins: tuple[int, ...]


def bodies_of(intake: Intake, proposals: Sequence[IntakeProposal]) -> dict[int, str]:
    """Return the texts of an article and of those it is compared with. Call it on the desk, whose role may read them."""
    wanted = {intake.pk, *(one.other_id for one in proposals if one.other_id)}
    return dict(IntakeText.objects.filter(pk__in=wanted).values_list("pk", "body"))


def shown(proposal: IntakeProposal, bodies: dict[int, str]) -> ShownProposal:
    here, there = bodies.get(proposal.intake_id), bodies.get(proposal.other_id or 0)
    return ShownProposal(
        proposal,
        _in_words(proposal),
        _excerpt(here, proposal.start, proposal.end) if here else None,
        _excerpt(there, proposal.other_start, proposal.other_end) if there else None,
    )


def _in_words(proposal: IntakeProposal) -> str:
    when = When(proposal.month, proposal.day, proposal.year)
    label = label_of(proposal.thing, proposal.name, when)
    return SAYS[proposal.kind].format(
        label=label,
        when=f", {when}" if proposal.name and str(when) else "",
        other=proposal.other or "an article that has gone",
        likeness=proposal.likeness,
    )


def _excerpt(body: str, start: int, end: int) -> Excerpt:
    left, right = max(0, start - AROUND), min(len(body), end + AROUND)
    before, after = body[left:start], body[end:right]
    if left:
        before = "… " + before.partition(" ")[2]
    if right < len(body):
        after = after.rpartition(" ")[0] + " …"
    return Excerpt(_on_one_line(before), _shortened(body[start:end]), _on_one_line(after))


def _shortened(said: str) -> str:
    """A passage that is half an article stands in the text beside it; here its ends tell which one is meant."""
    if len(said) <= LONGEST:
        return said
    return f"{said[: LONGEST // 2].rpartition(' ')[0]} … {said[-LONGEST // 2 :].partition(' ')[2]}"


def _on_one_line(text: str) -> str:
    return _SPACE.sub(" ", text)


def marked_text(body: str, proposals: Sequence[IntakeProposal]) -> list[list[Piece]]:
    """Return a text as paragraphs of pieces, the passages of the proposals marked."""
    places = [(one.start, min(one.end, len(body)), one.pk) for one in proposals if one.start < len(body)]
    paragraphs, offset = [], 0
    for line in body.split("\n"):
        if line.strip():
            paragraphs.append(list(_pieces(body, offset, offset + len(line), places)))
        offset += len(line) + 1
    return paragraphs


def _pieces(body: str, start: int, end: int, places: list[tuple[int, int, int]]) -> Iterator[Piece]:
    inside = [place for place in places if place[0] < end and place[1] > start]
    cuts = sorted(
        {start, end, *(max(start, one) for one, _to, _pk in inside), *(min(end, to) for _one, to, _pk in inside)}
    )
    for left, right in itertools.pairwise(cuts):
        marked = any(one <= left < to for one, to, _pk in inside)
        yield Piece(body[left:right], marked, tuple(pk for one, _to, pk in inside if one == left))
