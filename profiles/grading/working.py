"""The verdict told: as JSON to store, as sentences to read, and with what carries it."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from config.inwords import day, side_by_side
from profiles.grading.method import (
    SUPPORTS,
    Caution,
    Line,
    ProfileVerdict,
    Step,
    Verdict,
    scores_without,
)

RELIABILITY = {
    "A": gettext_lazy("completely reliable"),
    "B": gettext_lazy("usually reliable"),
    "C": gettext_lazy("fairly reliable"),
    "D": gettext_lazy("not usually reliable"),
    "E": gettext_lazy("unreliable"),
    "F": gettext_lazy("cannot be judged"),
}
CREDIBILITY = {
    1: gettext_lazy("confirmed by other sources"),
    2: gettext_lazy("probably true"),
    3: gettext_lazy("possibly true"),
    4: gettext_lazy("doubtful"),
    5: gettext_lazy("improbable"),
    6: gettext_lazy("cannot be judged"),
}
LABELS = {
    "High — direct sources": gettext_lazy("High — direct sources"),
    "Strong": gettext_lazy("Strong"),
    "Medium": gettext_lazy("Medium"),
    "Weak–medium": gettext_lazy("Weak–medium"),
    "Weak signal": gettext_lazy("Weak signal"),
    "Internal monitoring": gettext_lazy("Internal monitoring"),
}
NUMBERS = (
    pgettext_lazy("how many", "no"),
    pgettext_lazy("how many", "one"),
    pgettext_lazy("how many", "two"),
    pgettext_lazy("how many", "three"),
    pgettext_lazy("how many", "four"),
    pgettext_lazy("how many", "five"),
    pgettext_lazy("how many", "six"),
    pgettext_lazy("how many", "seven"),
    pgettext_lazy("how many", "eight"),
    pgettext_lazy("how many", "nine"),
    pgettext_lazy("how many", "ten"),
)

Names = Mapping[str, str]
Told = Mapping[str, Any]


# As JSON


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict in plain JSON types, the same for the same verdict, with every source id as a string."""
    if not isinstance(verdict, ProfileVerdict) or verdict.least_sure is None:
        return {**_body(verdict), "least_sure": None, "judgements": {}}
    judgements = {
        key: {"essential": one.essential, "lasting": one.lasting, **_body(one)}
        for key, one in verdict.judgements.items()
    }
    # The profile's working is that of the judgement that decides, behind a step that names it.
    deciding = judgements[verdict.least_sure]
    steps, lines = [_step(verdict.steps[0]), *deciding["steps"]], deciding["lines"]
    return {
        **_summary(verdict),
        "steps": steps,
        "lines": lines,
        "least_sure": verdict.least_sure,
        "judgements": judgements,
    }


def _body(verdict: Verdict) -> dict[str, Any]:
    steps, lines = [_step(step) for step in verdict.steps], [_line(line) for line in verdict.lines]
    return {**_summary(verdict), "steps": steps, "lines": lines}


def _summary(verdict: Verdict) -> dict[str, Any]:
    return {
        "score": verdict.score,
        "band": verdict.band,
        "label": verdict.label,
        "breadth": verdict.breadth,
        "disputed": verdict.disputed,
        "warnings": [_caution(caution) for caution in verdict.warnings],
        "due": verdict.due.isoformat() if verdict.due else None,
        "method": verdict.method,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"kind": step.kind, "parameters": step.parameters, "before": step.before, "after": step.after}


def _caution(caution: Caution) -> dict[str, Any]:
    return {"kind": caution.kind, "parameters": dict(caution.parameters)}


def _line(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "kind": line.kind,
        "side": line.side,
        "lead": str(line.lead),
        "direct": line.direct,
        "weight": round(line.weight, 12),
        "origins": [str(source) for source in line.origins],
        "origin_cited": line.origin_cited,
        "repeats": [str(source) for source in line.repeats],
        "members": [str(source) for source in line.members],
        "lifts": line.lifts,
        "holds": line.holds,
    }


# In words


def reliability_in_words(letter: str) -> str:
    return str(RELIABILITY[letter])


def credibility_in_words(digit: int) -> str:
    return str(CREDIBILITY[digit])


def label_in_words(label: str) -> str:
    return str(LABELS[label])


def explain_step(step: Step | Told, names: Names) -> str:
    """Return one step of the working as a sentence.

    `names` maps a source id, as a string, to its title and publisher, and `judgement:<key>` to a statement.
    """
    told = _step(step) if isinstance(step, Step) else step
    return SENTENCES[told["kind"]](told["parameters"], names)


def explain_warning(warning: Caution | Told, names: Names) -> str:
    """Return what the desk should look at as a sentence; `names` as for `explain_step`."""
    told = _caution(warning) if isinstance(warning, Caution) else warning
    about = told["parameters"]
    name = _judgement(about["judgement"], names) if "judgement" in about else _source(about["source"], names)
    return str(WARNINGS[told["kind"]]) % {"name": name}


def breadth_in_words(lines: Iterable[Line | Told]) -> str:
    """Return the breadth of these lines in the reader's language; in English, word for word what the verdict says."""
    told = [_line(line) if isinstance(line, Line) else line for line in lines]
    supports = [line for line in told if line["side"] == SUPPORTS]
    count, disputes = len(supports), len(told) - len(supports)
    said = ngettext("%(number)s independent source", "%(number)s independent sources", count)
    parts = [said % {"number": _number(count)}]
    parts += _how_direct(sum(line["direct"] for line in supports), count)
    parts += _how_many_at_second_hand(sum(not line["origin_cited"] for line in supports), count)
    parts += _how_many_repeat(len({repeat for line in supports for repeat in line["repeats"]}))
    if disputes:
        parts.append(_("; disputed by %(number)s") % {"number": _number(disputes)})
    return "".join(parts)


WARNINGS = {
    "direct-but-derived": gettext_lazy(
        "%(name)s is marked as direct but is derived from another source; it counts as second-hand."
    ),
    "ring": gettext_lazy("%(name)s goes back to itself through a ring of links; one of those links must be wrong."),
    "confirmed-alone": gettext_lazy(
        "%(name)s is marked as confirmed by other sources, but there is only one line of evidence here."
    ),
    "origin-not-cited": gettext_lazy(
        "%(name)s is an origin that the reports go back to, but it is not cited beside them."
    ),
    "reliable-but-improbable": gettext_lazy(
        "%(name)s comes from a publisher of Reliability A, yet is marked improbable; look at both again."
    ),
    "unreliable-but-confirmed": gettext_lazy(
        "%(name)s comes from a publisher of Reliability E, yet is marked confirmed; look at both again."
    ),
    "judgement-not-cited": gettext_lazy("“%(name)s” is essential but rests on no citation."),
    "not-attached": gettext_lazy("%(name)s is attached to no judgement, so it takes no part in the grade."),
}


def source_named(title: str, publisher: str) -> str:
    """Return what sentences call a source."""
    return _("“%(title)s” (%(publisher)s)") % {"title": title, "publisher": publisher}


def _source(source: str, names: Names) -> str:
    return names.get(source) or _("source %(id)s") % {"id": source}


def _judgement(key: str, names: Names) -> str:
    return names.get(f"judgement:{key}") or key


def _number(count: int) -> str:
    return str(NUMBERS[count]) if count < len(NUMBERS) else str(count)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _how_direct(direct: int, count: int) -> list[str]:
    if not direct:
        return []
    if direct < count:
        return [_(", %(number)s of them direct") % {"number": _number(direct)}]
    return [{1: _(", direct"), 2: _(", both direct")}.get(count, _(", all direct"))]


def _how_many_at_second_hand(reported: int, count: int) -> list[str]:
    if not reported:
        return []
    if reported == count:
        return [_(", known only at second hand")]
    return [_(", %(number)s known only at second hand") % {"number": _number(reported)}]


def _how_many_repeat(further: int) -> list[str]:
    if not further:
        return []
    said = ngettext(" (%(number)s further report of the same)", " (%(number)s further reports of the same)", further)
    return [said % {"number": _number(further)}]


# Sentences, one for each kind of step


def _least_sure(said: Told, names: Names) -> str:
    judgement = {"judgement": _judgement(said["judgement"], names)}
    if said["essential"] == 1:
        return _("The profile is graded on its one essential judgement, the headline: “%(judgement)s”.") % judgement
    return _("The profile is as sure as its least sure essential judgement: “%(judgement)s”.") % judgement


def _no_support(said: Told, names: Names) -> str:
    return _("Nothing on file supports this.")


def _support(said: Told, names: Names) -> str:
    if said["place"] == 1:
        opening = _("The strongest line of evidence is %(name)s")
    else:
        opening = _("A further independent line, counted at %(share)s, is %(name)s")
    return _line_sentence(opening, said, names)


def _dispute(said: Told, names: Names) -> str:
    if said["place"] == 1:
        opening = _("This is disputed, and a dispute weighs double, by %(name)s")
    else:
        opening = _("It is disputed further, counted at %(share)s, by %(name)s")
    return _line_sentence(opening, said, names)


def _line_sentence(opening: str, said: Told, names: Names) -> str:
    named = opening % {"name": _source(said["lead"], names), "share": _percent(said["share"])}
    details = [_access(said, names), *_rating(said), *_ageing(said), *_adds_nothing(said, names)]
    return _("%(opening)s: %(details)s.") % {"opening": named, "details": side_by_side(details)}


def _access(said: Told, names: Names) -> str:
    if said["line_kind"] == "report":
        origin = {"origin": _source(said["origin"], names)}
        return _("a report that goes back to %(origin)s, which is not cited here") % origin
    if said["line_kind"] == "ring":
        return _("one of several reports that go back to each other")
    return _("a direct source") if said["direct"] else _("a source at second hand")


def _rating(said: Told) -> list[str]:
    letter, digit = said["reliability"], said["credibility"]
    return [
        _("Reliability %(letter)s (%(words)s)") % {"letter": letter, "words": reliability_in_words(letter)},
        _("credibility %(digit)s (%(words)s)") % {"digit": digit, "words": credibility_in_words(digit)},
    ]


def _ageing(said: Told) -> list[str]:
    if said["ageless"] or said["age"] == 1:
        return []
    if said["published"] is None:
        return [_("undated, so it counts for half")]
    aged = {"day": day(date.fromisoformat(said["published"])), "share": _percent(said["age"])}
    return [_("published on %(day)s and counted at %(share)s for its age") % aged]


def _adds_nothing(said: Told, names: Names) -> list[str]:
    found = []
    if more := max(0, said["roots"] - 1):
        found.append(
            ngettext(
                "%(number)s more source of the same publisher adds nothing",
                "%(number)s more sources of the same publisher add nothing",
                more,
            )
            % {"number": _number(more)}
        )
    if repeats := said["repeats"]:
        found.append(
            ngettext(
                "%(number)s further report of the same adds nothing",
                "%(number)s further reports of the same add nothing",
                repeats,
            )
            % {"number": _number(repeats)}
        )
    if said["stronger"]:
        stronger = {"name": _source(said["stronger"], names)}
        found.append(_("%(name)s would weigh more, but a line is graded on its origin once that is cited") % stronger)
    return found


def _more_support(said: Told, names: Names) -> str:
    return _("The %(number)s weaker lines behind these add what is left to add.") % {"number": said["lines"]}


def _more_dispute(said: Told, names: Names) -> str:
    return _("The %(number)s weaker disputes behind these take what is left to take.") % {"number": said["lines"]}


def _nothing_to_dispute(said: Told, names: Names) -> str:
    return _("What disputes this finds nothing to dispute.")


def _cap(said: Told, names: Names) -> str:
    cap = {"cap": f"{said['cap']:.2f}"}
    if said["reason"] == "disputed":
        return (
            _("While a source of Reliability A, B, C or F disputes this, the score goes no higher than %(cap)s.") % cap
        )
    if said["reason"] == "indirect":
        return (
            _(
                "Without a direct source of Reliability A that is neither doubtful nor improbable nor too old, "
                "the score goes no higher than %(cap)s."
            )
            % cap
        )
    return _("Nothing is certain: no score goes higher than %(cap)s.") % cap


SENTENCES = {
    "least-sure": _least_sure,
    "no-support": _no_support,
    "support": _support,
    "more-support": _more_support,
    "nothing-to-dispute": _nothing_to_dispute,
    "dispute": _dispute,
    "more-dispute": _more_dispute,
    "cap": _cap,
}


# By hand


def by_hand(steps: Iterable[Told]) -> list[str]:
    """Return the arithmetic of each stored step, from its own factors alone; "" for a step that moves nothing.

    A grade that was stored before its steps kept their factors has none to show.
    """
    steps = list(steps)
    if not all(_has_factors(step) for step in steps):
        return [""] * len(steps)
    sums = {"S": 0.0, "D": 0.0}
    return [_arithmetic(step, sums) for step in steps]


def _has_factors(step: Told) -> bool:
    wanted = {"support": "letter_weight", "dispute": "letter_weight", "more-support": "adds", "more-dispute": "adds"}
    return wanted.get(step["kind"], "kind") in {"kind", *step["parameters"]}


def _arithmetic(step: Told, sums: dict[str, float]) -> str:
    kind, said = step["kind"], step["parameters"]
    after = f"{step['after']:.3f}"
    if kind in ("support", "more-support"):
        return f"{_added(said, sums, 'S')}; 1 − exp(−{_figure(sums['S'])}) = {after}"
    if kind in ("dispute", "more-dispute"):
        return f"{_added(said, sums, 'D')}; {_odds(sums)} = {after}"
    if kind == "cap":
        return f"min({step['before']:.3f}, {said['cap']:.2f}) = {after}"
    return {"no-support": f"S = 0; 1 − exp(0) = {after}", "nothing-to-dispute": f"S = 0; odds = {after}"}.get(kind, "")


FACTORS = ("letter_weight", "digit_factor", "hand_factor", "age", "share")


def _added(said: Told, sums: dict[str, float], name: str) -> str:
    """Add a line to its side and tell the product and the sum."""
    factors = [said["adds"]] if "adds" in said else [said[factor] for factor in FACTORS]
    factors += [said["times"]] if "times" in said else []
    before, more = sums[name], math.prod(factors)
    sums[name] += more
    product = " × ".join(_figure(factor) for factor in factors)
    product += f" = {_figure(more)}; " if len(factors) > 1 else "; "
    summed = f"{_figure(before)} + {_figure(more)} = " if before else ""
    return f"{product}{name} = {summed}{_figure(sums[name])}"


def _odds(sums: dict[str, float]) -> str:
    odds = _figure(math.expm1(sums["S"]) * math.exp(-sums["D"]))
    told = f"odds = (exp({_figure(sums['S'])}) − 1) × exp(−{_figure(sums['D'])}) = {odds}"
    return f"{told}; {odds} / (1 + {odds})"


def _figure(number: float) -> str:
    places = 3 if number >= 0.1 else 6
    return f"{number:.{places}f}".rstrip("0").rstrip(".")


# What carries the grade


class Carried(NamedTuple):
    """A line of evidence, and the score without it."""

    line: Line
    without: float


def without_each_line(lines: Iterable[Line | Told]) -> list[Carried]:
    """Return the score without each of these lines, which may come from a verdict or from its stored JSON."""
    read = [line if isinstance(line, Line) else _read_line(line) for line in lines]
    return [Carried(line, score) for line, score in scores_without(read)]


def only_support(lines: Iterable[Told]) -> str | None:
    """Return the lead of the one line that supports, where a grade rests on a single one; None of more, or of none."""
    leads = [str(line["lead"]) for line in lines if line["side"] == SUPPORTS]
    return leads[0] if len(leads) == 1 else None


def _read_line(told: Told) -> Line:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Line(**fields)
