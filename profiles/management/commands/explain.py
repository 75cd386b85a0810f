import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from profiles.grading import pipeline, reading, working
from profiles.grading.method import grade_profile
from profiles.models import Profile, Source


class Command(BaseCommand):
    help = "Say how a profile's grade comes about, step by step."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--json", action="store_true", help="the same as data")
        parser.add_argument("--on", metavar="DATE", help="as of this day, with the evidence of now")
        parser.add_argument("--arithmetic", action="store_true", help="each step with its sum, to check by hand")

    def handle(self, *args: Any, **options: Any) -> None:
        told = explanation(options["slug"], _day(options["on"]))
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(_lines(told, arithmetic=options["arithmetic"])))


def explanation(slug: str, on: date | None) -> dict[str, Any]:
    """Return what `explain --json` prints: the verdict on the evidence of now, as of a day."""
    profile = Profile.objects.select_related("live_revision").filter(slug=slug).first()
    if profile is None:
        raise CommandError(f"No profile has the slug {slug!r}; the list of profiles shows them all.")
    as_of = on or pipeline.today()
    (case,) = reading.cases([profile.pk])
    told = working.as_json(grade_profile(case.judgements, evidence=case.evidence, on=as_of, known=case.known))
    revision = profile.live_revision or profile.draft
    statements = revision.statements if revision else {}
    return {
        "slug": slug,
        **{name: told[name] for name in ("score", "band", "label", "breadth", "method")},
        "as_of": as_of.isoformat(),
        **{name: told[name] for name in ("due", "steps", "warnings")},
        "judgements": {key: _judgement(one, statements.get(key, "")) for key, one in told["judgements"].items()},
    }


def _judgement(one: dict[str, Any], statement: str) -> dict[str, Any]:
    names = ("essential", "lasting", "score", "band", "label", "breadth", "steps")
    return {"statement": statement, **{name: one[name] for name in names}}


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError(f"--on is {text!r}; write a day such as 2025-03-01.") from None


def _lines(told: dict[str, Any], *, arithmetic: bool) -> list[str]:
    names = {str(pk): f"“{title}” ({publisher})" for pk, title, publisher in _titles(told["slug"])}
    names |= {f"judgement:{key}": one["statement"].rstrip(".") for key, one in told["judgements"].items()}
    lines = [f"{told['slug']}: {told['score']:.2f} · Grade {told['band']} · {told['label']}", told["breadth"]]
    lines += [f"as of {told['as_of']} (UTC), method {told['method']}, next due {told['due'] or 'never'}", ""]
    lines += _steps(told["steps"], names, arithmetic)
    # The steps of the judgement that decides are the profile's own, and stand above.
    decides = told["steps"][0]["parameters"].get("judgement")
    for key, one in told["judgements"].items():
        lines += ["", f"{key}: {one['score']:.2f} · Grade {one['band']} · {one['statement']}", f"  {one['breadth']}"]
        lines += ["  decides the grade"] if key == decides else _steps(one["steps"], names, arithmetic)
    # What holds for both sides of an argument is two warnings and one sentence.
    warnings = dict.fromkeys(working.explain_warning(warning, names) for warning in told["warnings"])
    return lines + [""] * bool(warnings) + list(warnings)


def _steps(steps: list[dict[str, Any]], names: dict[str, str], arithmetic: bool) -> list[str]:
    lines = []
    for step, sums in zip(steps, working.by_hand(steps), strict=True):
        lines.append(f"  {step['before']:.3f} → {step['after']:.3f}  {working.explain_step(step, names)}")
        lines += [f"{'':17}{sums}"] if arithmetic and sums else []
    return lines


def _titles(slug: str) -> Any:
    (case,) = reading.cases([Profile.objects.get(slug=slug).pk])
    return Source.objects.filter(pk__in=list(case.known)).values_list("pk", "title", "publisher__name")
