"""The profile for machines that read pages: JSON-LD in the words of schema.org.

What the institution is, and how sure we are of what we say about it, are kept apart: the grade is ours and belongs to our
claims, never to the institution.
"""

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from config.site import site
from profiles.models import Kind, Person
from profiles.pages.profile import ProfilePage, ShownJudgement
from profiles.pages.showing import ShownGrade

TYPES = {
    Kind.ORGANISATION: "Organization",
    Kind.COMPANY: "Corporation",
    Kind.REGISTRY: "Organization",
    Kind.GOVERNMENT_BODY: "GovernmentOrganization",
    Kind.PROGRAMME: "Project",
    Kind.PRODUCT: "Product",
}
# Inside a script element these could end it, or begin a comment that hides its end.
ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}
Node = dict[str, Any]


def linked_data(page: ProfilePage, kind: str) -> SafeString:
    """Return the JSON for a `script` element of type application/ld+json."""
    graph = [_page(page), _subject(page, kind), *_claims(page), _publisher()]
    told = {"@context": "https://schema.org", "@graph": [_said(node) for node in graph]}
    return mark_safe(json.dumps(told, ensure_ascii=False).translate(ESCAPES))  # noqa: S308  escaped in this line


def _said(node: Node) -> Node:
    return {name: value for name, value in node.items() if value not in (None, "", [], ())}


def _us() -> Node:
    return {"@id": f"{settings.SITE_URL}/#assay"}


def _publisher() -> Node:
    return {**_us(), "@type": "Organization", "name": site().name, "url": f"{settings.SITE_URL}/"}


def _page(page: ProfilePage) -> Node:
    return {
        "@id": page.canonical,
        "@type": "WebPage",
        "url": page.canonical,
        "name": page.name,
        "description": page.standfirst,
        "inLanguage": "en",
        "datePublished": page.first_published and page.first_published.isoformat(),
        "dateModified": page.changed_at and page.changed_at.isoformat(),
        "lastReviewed": page.last_verified and page.last_verified.isoformat(),
        "author": _person(page.author),
        "reviewedBy": _person(page.reviewer),
        "publisher": _us(),
        "image": page.image,
        "primaryImageOfPage": page.picture,
        "mainEntity": {"@id": f"{page.canonical}#subject"},
        "isAccessibleForFree": True,
        "hasPart": _locked(page),
    }


def _locked(page: ProfilePage) -> Node | None:
    """What only members may read is a part of the page, and no reason to call the page itself closed."""
    if not page.deeper:
        return None
    return {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": "#deeper"}


def _person(person: Person | None) -> Node | None:
    if person is None:
        return None
    return _said(
        {
            "@type": "Person",
            "name": person.name,
            "jobTitle": person.role,
            "url": settings.SITE_URL + person.get_absolute_url(),
        }
    )


def _subject(page: ProfilePage, kind: str) -> Node:
    is_product = kind == Kind.PRODUCT
    return {
        "@id": f"{page.canonical}#subject",
        "@type": TYPES[Kind(kind)],
        "name": page.name,
        "alternateName": list(page.aliases),
        "description": page.standfirst,
        "url": page.glance.homepage,
        "location": None if is_product else page.glance.base,
        "subjectOf": {"@id": page.canonical},
    }


def _claims(page: ProfilePage) -> list[Node]:
    return [_claim(page, judgement) for judgement in page.judgements]


def _claim(page: ProfilePage, judgement: ShownJudgement) -> Node:
    graded = judgement.grade and not page.card.updating
    return {
        "@id": f"{page.canonical}#{judgement.anchor}",
        "@type": "Claim",
        "text": judgement.statement,
        "about": {"@id": f"{page.canonical}#subject"},
        "author": _us(),
        "appearance": {"@id": page.canonical},
        "review": _review(page, judgement.grade) if graded and judgement.grade else None,
    }


def _review(page: ProfilePage, grade: ShownGrade) -> Node:
    return {
        "@type": "Review",
        "author": _us(),
        "url": f"{page.canonical}confidence/",
        "datePublished": page.card.as_of and page.card.as_of.isoformat(),
        "reviewAspect": "Confidence: how much of the doubt independent lines of evidence remove",
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": grade.number,
            "worstRating": 0,
            "bestRating": 1,
            "alternateName": f"Grade {grade.band.letters} · {grade.band.label}",
            "ratingExplanation": grade.in_english,
        },
    }
