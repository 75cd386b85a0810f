"""What a public page says of its address."""

import pytest
from django.http import HttpResponse

from config.pagecache import Public, public


def page(*reads):
    return Public(reads, lambda: "1")


@pytest.mark.parametrize(
    ("query", "narrowed"),
    [
        ("", ""),
        ("q=a&page=2", "q=a&page=2"),
        ("page=2&q=a", "q=a&page=2"),
        ("q=a&utm_source=b&Q=c", "q=a"),
        ("q=a&q=b", "q=b"),
        ("q=&page=", ""),
        ("q=a%20b+c", "q=a+b+c"),
        ("q=%C3%A4", "q=%C3%A4"),
        ("q=%FF", "q=%EF%BF%BD"),
        ("q=%00", "q=%00"),
        ("&&==&;", ""),
        ("q", ""),
        ("q=a&page=2#x", "q=a&page=2%23x"),
    ],
)
def test_a_query_is_narrowed_to_what_the_page_reads_in_one_order(query, narrowed):
    assert page("q", "page").narrowed(query) == narrowed
    assert page("q", "page").narrowed(narrowed) == narrowed
    assert page().narrowed(query) == ""


def test_a_view_sees_the_parameters_it_reads_and_no_others(rf, client):
    seen = []

    @public(reads=["q"])
    def view(request):
        seen.append(dict(request.GET.items()))
        return HttpResponse(b"", status=404)

    view(rf.get("/?q=a&page=2&q=b"))
    assert seen == [{"q": "b"}]
