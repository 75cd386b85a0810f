"""How to cite a profile: as a sentence, as BibTeX, and as CSL-JSON, which reference managers read."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.inwords import day
from config.site import site

# Characters that mean something to TeX; the backslash first, or it would double its own work.
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\^{}",
    "~": r"\~{}",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a citation of a profile names. `grade` is for files, which are English; the sentence has its own words."""

    slug: str
    name: str
    author: str
    on: date | None
    grade: str
    url: str
    site: str = "Assay"
    grade_in_words: str = ""

    @property
    def plain(self) -> str:
        title = _("“%(title)s”") % {"title": self.name}
        comma = pgettext("between the parts of a citation", ", ")
        named = comma.join(filter(None, (self.author, title, self.site, day(self.on) if self.on else "")))
        grade = self.grade_in_words or self.grade
        said = {"named": named, "grade": grade, "url": self.url}
        return (_("%(named)s. %(grade)s. %(url)s") if grade else _("%(named)s. %(url)s")) % said

    @property
    def bibtex(self) -> str:
        fields = {
            "title": f"{{{_tex(self.name)}}}",
            "author": _tex(self.author) if self.author else f"{{{_tex(self.site)}}}",
            "year": str(self.on.year) if self.on else "",
            "month": f"{self.on:%b}".lower() if self.on else "",
            "howpublished": _tex(self.site),
            "note": _tex(self.grade),
            "url": self.url,
        }
        lines = [
            f"  {name} = {value if name == 'month' else f'{{{value}}}'}," for name, value in fields.items() if value
        ]
        return "\n".join([f"@misc{{assay-{self.slug},", *lines, "}"])

    @property
    def csl(self) -> dict[str, Any]:
        fields = {
            "id": f"assay-{self.slug}",
            "type": "webpage",
            "title": self.name,
            # As one name: which part of it is the family's, we do not know.
            "author": [{"literal": self.author or site().name}],
            "container-title": site().name,
            "issued": {"date-parts": [[self.on.year, self.on.month, self.on.day]]} if self.on else None,
            "note": self.grade,
            "URL": self.url,
        }
        return {name: value for name, value in fields.items() if value}


def _tex(text: str) -> str:
    return re.sub(r"[\\{}$&#%_^~]", lambda found: SPECIAL[found[0]], text)
