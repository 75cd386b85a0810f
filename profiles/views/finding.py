"""Finding a profile: the front page, the list, and the landing page of a term."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from config.pagecache import public
from profiles import search
from profiles.markup import render_markdown
from profiles.models import Facet, Term
from profiles.pages import listing, moves
from profiles.search import Search

MOVES = 6
NEWEST = 6


@public
def home(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "profiles/home.html",
        {
            "moves": moves.latest(MOVES, arrivals=False),
            "newest": listing.newest(NEWEST),
            "regions": _regions(),
        },
    )


def _regions() -> list[listing.Link]:
    return [
        listing.Link(choice.name, Term(facet=Facet.REGION, slug=choice.value).get_absolute_url(), choice.count)
        for choice in search.count_terms(Facet.REGION)
    ]


@public(reads=search.READS)
def profile_list(request: HttpRequest) -> HttpResponse:
    return render(request, "profiles/profile_list.html", {"page": listing.page(request.GET)})


@public
def term_detail(request: HttpRequest, facet: str, slug: str) -> HttpResponse:
    if facet not in Facet.values:
        raise Http404
    term = get_object_or_404(search.terms_in_use(), facet=facet, slug=slug)
    wanted = Search(chosen={facet: slug})
    total = search.matching(wanted).count()
    context = {
        "term": term,
        "introduction": render_markdown(term.introduction, below=1),
        "total": total,
        "rows": listing.rows(search.cut(wanted, 0, search.ROWS, found=total)),
        "all_url": listing.address(facet, slug) if total > search.ROWS else "",
        "others": _others(term),
    }
    return render(request, "profiles/term_detail.html", context)


def _others(term: Term) -> list[listing.Link]:
    others = search.terms_in_use().filter(facet=term.facet).exclude(pk=term.pk).order_by("name")
    return [listing.Link(other.name, other.get_absolute_url()) for other in others[:50]]
