"""What readers type to find profiles, as PostgreSQL is asked for it.

A query for words is written once, and planned once, with gaps where what is typed will stand: to write it anew each time
took longer than to answer it.
"""

import re
import unicodedata
from typing import NamedTuple

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchQueryField
from django.db.models import BooleanField, F, Func, TextField, Value
from django.db.models.functions import Cast, Concat, Left, Upper

from config.prepared import Gap, Question

ACCENTS = re.compile("[\u0300-\u036f]")
# A last word that may not have been typed to its end: not in quotation marks, and not one to leave out.
BEGUN = re.compile(r'(?P<before>(?:[^"]*"[^"]*")*[^"]*?)(?<![^\s])(?P<word>[^\W_]{2,})')


class Typed(NamedTuple):
    """What was typed, in the parts that a query is made of."""

    whole: str
    folded: str
    before: str = ""  # what stands before a last word that may not have been typed to its end
    begun: str = ""  # that word, as the beginning of one


GAPS = Typed(*map(Gap, Typed._fields))
# Wherever words are wanted these can stand for any; there are two, because the queries for two kinds of scripts differ.
LATIN, OTHER_SCRIPT = Gap("any words"), Gap("词")


def gap_for(q: str) -> str:
    """Return what may stand for these words in a query, and nothing where there are none."""
    return (LATIN if folded(q).isascii() else OTHER_SCRIPT) if q else ""


def put_into(question: Question, q: str) -> Question:
    """Put what was typed into the gaps of a query."""
    return question.about(**_parts(q)._asdict())


def _parts(q: str) -> Typed:
    if isinstance(q, Gap):
        return GAPS
    whole = folded(q)
    if not (begun := BEGUN.fullmatch(whole)):
        return Typed(q, whole)
    return Typed(q, whole, begun["before"].strip(), f"{begun['word']}:*")


def folded(text: str) -> str:
    """Text without its accents, as the words of a profile are kept (models/words.py)."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text))


# --- In a text -------------------------------------------------------------------------------------------------------


def words_of(q: str) -> Func:
    """What is asked, in the syntax of search engines; the last word counts as well if it is only the beginning of one."""
    said = _parts(q)
    whole, before = (SearchQuery(one, search_type="websearch", config="english") for one in (said.folded, said.before))
    # Where nothing was begun the second half is empty, and adds nothing.
    words = whole | (before & SearchQuery(said.begun, search_type="raw", config="english"))
    # Behind SELECT, where PostgreSQL does not see how common the words are: it would pass over the index for common ones,
    # not knowing that the words of each text have to be fetched from elsewhere.
    return Func(words, template="(SELECT %(expressions)s)", output_field=SearchQueryField())


HIT, END = "\x02", "\x03"  # around what was found; nobody's text holds them, and no reader sees them
# In the order readers see: jsonb keeps short keys first, so that it has a section's body before its heading.
STATEMENTS = Func(
    F("live_revision__statements"),
    template="(SELECT string_agg(said #>> '{}', ' ') FROM jsonb_path_query(%(expressions)s, '$.*') AS said)",
    output_field=TextField(),
)
SECTIONS = Func(
    F("live_revision__sections"),
    template="(SELECT string_agg(concat_ws(': ', part.said ->> 'heading', part.said ->> 'body'), ' ' ORDER BY part.number)"
    " FROM jsonb_path_query(%(expressions)s, '$[*]') WITH ORDINALITY AS part(said, number))",
    output_field=TextField(),
)
TEXT = Left(Concat(STATEMENTS, Value(" "), SECTIONS, output_field=TextField()), 8000)


def excerpt(q: str) -> SearchHeadline:
    """The passage of a profile's text that fits best, what was found between HIT and END."""
    text = Concat("live_revision__standfirst", Value(" "), TEXT, output_field=TextField())
    return SearchHeadline(
        text,
        words_of(q),
        config="english",
        start_sel=HIT,
        stop_sel=END,
        min_words=12,
        max_words=25,
        max_fragments=2,
        fragment_delimiter=" … ",
    )


# --- In a name, without regard to case -------------------------------------------------------------------------------
# Not by LIKE, which wants what was typed inside of a pattern, where it could not be put in later.


def begins_name(q: str) -> Func:
    return _name("starts_with(%(expressions)s)", q)


def in_name(q: str) -> Func:
    return _name("strpos(%(expressions)s) > 0", q)


def _name(template: str, q: str) -> Func:
    whole = Cast(Value(_parts(q).whole), TextField())
    return Func(Upper("live_revision__name"), Upper(whole), template=template, output_field=BooleanField())
