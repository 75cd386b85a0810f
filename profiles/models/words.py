"""The words a profile is found by, kept beside its text by the database itself, whoever writes it."""

import pgtrigger

# Letters without their accents, so that "Zurich" finds Zürich; typed.folded() does the same to what is asked.
_FOLDED = "regexp_replace(normalize({}, NFKD), '[\\u0300-\\u036f]', '', 'g')"
LONGEST = 200_000  # characters; of more, PostgreSQL could refuse to keep the words, and with them the text

_NAMES = "NEW.name || ' ' || array_to_string(NEW.aliases || NEW.number_resources, ' ')"
_LEAD = "NEW.standfirst || ' ' || NEW.base"
_SAID = "array_to_string(NEW.what_it_does || NEW.why_it_matters || NEW.what_to_watch, ' ')"
_EVERY_STRING = "coalesce((SELECT string_agg(said #>> '{{}}', ' ') FROM jsonb_path_query({}, 'strict $.** ? (@.type() == \"string\")') AS said), '')"


def _weighed(text: str, weight: str) -> str:
    return f"setweight(to_tsvector('english', left({_FOLDED.format(text)}, {LONGEST})), '{weight}')"


_STATEMENTS = _EVERY_STRING.format("NEW.statements")
_BODIES = f"{_EVERY_STRING.format('NEW.sections')} || ' ' || {_EVERY_STRING.format('NEW.outlook')}"

FOUND_BY = pgtrigger.Trigger(
    name="words_it_is_found_by",
    level=pgtrigger.Row,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func=f"""
        NEW.words = {_weighed(_NAMES, "A")} || {_weighed(_LEAD, "B")}
                 || {_weighed(f"{_STATEMENTS} || ' ' || {_SAID}", "C")} || {_weighed(_BODIES, "D")};
        RETURN NEW;""",
)
