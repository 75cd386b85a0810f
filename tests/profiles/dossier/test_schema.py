"""What is said of a file that is not a dossier. No database is asked."""

import pytest

from profiles.dossier import document, schema
from profiles.dossier.document import BadDossier
from tests.profiles.dossier.examples import example, write


def problems(tmp_path, whole):
    """The sentences about a file, without its folder."""
    path = write(tmp_path, whole)
    with pytest.raises(BadDossier) as refused:
        schema.parse(path)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in refused.value.problems]


def only_problem(tmp_path, whole):
    [sentence] = problems(tmp_path, whole)
    return sentence


def changed(part, index, **fields):
    whole = example()
    entries = whole[part] if part in whole else whole["profile"][part]
    entries[index].update(fields)
    return whole


PLAIN = """\
dossier: 1
publishers:
  - {slug: w, name: Wire}
sources:
  - key: s
    publisher: w
    title: A report
    language: en
profile:
  slug: example
  name: Example
  citations:
    - source: s
      credibility: 2
      direct: true
"""


def test_a_good_file_has_every_field_with_its_default(tmp_path):
    dossier = schema.parse(write(tmp_path, PLAIN))
    [citation], [publisher] = dossier.profile["citations"], dossier.publishers
    assert (citation["stance"], citation["credibility"], citation["judgements"]) == ("supports", 2, [])
    assert (publisher["reliability"], publisher.given) == ("F", {"slug", "name"})


def test_a_wrong_value_is_told_with_file_line_field_and_what_would_be_right(tmp_path):
    said = only_problem(tmp_path, PLAIN.replace("credibility: 2", "credibility: 9"))
    assert said == "example.yaml:14: profile.citations[0].credibility: is 9; write a whole number from 1 to 6."


def test_all_mistakes_of_a_file_are_told_at_once_in_order(tmp_path):
    text = PLAIN.replace("title: A report", "titel: A report").replace("direct: true", "direct: maybe")
    assert problems(tmp_path, text) == [
        "example.yaml:5: sources[0].title: is missing; a source needs it.",
        "example.yaml:7: sources[0].titel: is not a field of a source; did you mean title?",
        'example.yaml:15: profile.citations[0].direct: is "maybe"; write true or false.',
    ]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("credibility: 2", 'credibility: "2"', 'is "2" in quotes, which is text; write a whole number from 1 to 6'),
        ("credibility: 2", "credibility: 2.0", "is 2.0; write a whole number"),
        ("credibility: 2", "credibility: 02", "is 02; write a whole number"),
        ("credibility: 2", "credibility: true", "is true; write a whole number"),
        ("credibility: 2", "credibility: " + "9" * 5000, "write a whole number"),
        ("direct: true", 'direct: "true"', 'is "true" in quotes, which is text; write true or false'),
        ("direct: true", "direct: 1", 'is "1"; write true or false'),
        ("language: en", "language: no", 'is no, which YAML reads as a truth value; write "no", with the quotes'),
        ("language: en", "language: english language", "write a language tag such as en or zh-Hans"),
        ("title: A report", "title: 2024", 'is 2024, which YAML reads as a number; write "2024"'),
        ("title: A report", "title: 2024-11-01", 'which YAML reads as a day; write "2024-11-01"'),
        ("title: A report", "title: [A report]", "is a list; write text"),
        ("title: A report", "title: ''", "is empty"),
        ("title: A report", "title:", "is empty; a source needs it"),
        ("title: A report", f"title: {'x' * 501}", "is 501 characters long; write at most 500"),
        ("title: A report", 'title: "A\\0report"', "holds the control character U+0000"),
        ("title: A report", 'title: "A\\nreport"', "holds a line break"),
        ("title: A report", "title: A report\n    published_on: 2024-02-30", "is 2024-02-30, which no calendar has"),
        ("title: A report", "title: A report\n    published_on: 1 May 2024", "write a day as YYYY-MM-DD"),
        ("title: A report", "title: A report\n    url: javascript:alert(1)", "starts with https:// or http://"),
        ("title: A report", "title: A report\n    url: https://", "which is not a complete address"),
        ("title: A report", f"title: A report\n    url: https://e.org/{'a' * 2000}", "is longer than 2000 bytes"),
        ("title: A report", f"title: A report\n    url: https://e.org/?q={'é' * 400}", "is longer than 2000 bytes"),
        ("title: A report", "title: A report\n    derived_from: [s]", "is the source itself"),
        ("title: A report", "title: A report\n    derived_from: [t]", 'is "t", which is not the key of a source'),
        ("slug: example", "slug: Example Registry", "single hyphens, such as example-registry"),
        ("name: Example", "name: Example\n  kind: regstry", "did you mean registry?"),
        ("name: Example", "name: Example\n  standfrist: x", "did you mean standfirst?"),
        ("name: Example", "name: Example\n  facets: {catgory: {term: X}}", "did you mean category?"),
        ("name: Example", "name: Example\n  facets: {topic: {term: '亚洲'}}", "its address is made from it"),
        ("name: Example", "name: Example\n  related: [example]", "is the profile itself"),
        ("name: Example", "name: Example\n  figure: {file: ../x.webp}", "name a file that lies beside the dossier"),
        ("name: Example", "name: Example\n  figure: {file: /etc/passwd}", "name a file that lies beside the dossier"),
        ("name: Example", "name: Example\n  sections: [{}]", "write one of them or drop the section"),
        ("name: Example", "name: Example\n  outlook: {later: {}}", "is not a field of the outlook"),
        ("source: s", "source: t", 'is "t", which is not the key of a source in this file'),
        ("source: s", "source: s\n      judgements: [j1]", "is not the key of a judgement"),
        ("source: s", "source: s\n      note: x", "is not a field of a citation"),
        ("dossier: 1", "dossier: 2", "is version 2; this is a reader of version 1"),
        ("dossier: 1", "dosier: 1", "did you mean dossier?"),
        ("profile:", "<<: x\nprofile:", "merge keys are not read"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path, was, now, said):
    assert said in problems(tmp_path, PLAIN.replace(was, now, 1))[0]


def test_two_publishers_sources_or_judgements_of_one_name_are_an_error(tmp_path):
    whole = example()
    whole["publishers"].append(whole["publishers"][0])
    whole["sources"].append({**whole["sources"][0], "url": "https://elsewhere.example.org/"})
    whole["profile"]["judgements"].append({"key": "j1"})
    assert [said.split("; ")[1] for said in problems(tmp_path, whole)] == [
        "every slug stands once.",
        "every key stands once.",
        "every key stands once.",
    ]


def test_two_spellings_of_one_address_are_one_source(tmp_path):
    whole = example()
    spelt = {**whole["sources"][0], "key": "again", "url": "http://www.wire.example.org/report/?utm_source=x#top"}
    whole["sources"].append(spelt)
    assert "is the same source as on line" in only_problem(tmp_path, whole)


def test_one_judgement_rests_on_a_source_once(tmp_path):
    whole = example()
    whole["profile"]["citations"].append({"source": "report", "stance": "disputes", "judgements": ["j2"]})
    assert "judgement j2 rests on a source once" in only_problem(tmp_path, whole)


def test_a_profile_without_judgements_cites_a_source_once(tmp_path):
    citations = [{"source": "report"}, {"source": "report", "stance": "disputes"}]
    assert "without judgements a source is cited once" in only_problem(
        tmp_path, example(judgements=[], citations=citations)
    )


def test_a_correction_is_superseded_by_a_later_one_of_the_file(tmp_path):
    def said(**changes):
        first = {"on": "2026-01-05", "text": "It was May.", "key": "c1", **changes}
        return only_problem(tmp_path, example(corrections=[first, {"on": "2026-01-04", "text": "No.", "key": "c0"}]))

    assert 'is "c2", which is not the key of a correction.' in said(superseded_by="c2")
    for earlier in ("c0", "c1"):
        assert f'is "{earlier}", which is no later one' in said(superseded_by=earlier)
    assert "every key stands once" in said(key="c0")
    assert "write a day as YYYY-MM-DD" in said(on="the fifth", superseded_by="c0")


def test_longer_rings_of_sources_are_no_error(tmp_path):
    assert schema.parse(write(tmp_path, changed("sources", 1, derived_from=["report"])))


def test_the_key_on_is_a_word_and_not_a_truth_value(tmp_path):
    text = PLAIN + "  corrections: [{on: 2026-01-05, text: We had the date wrong.}]\n"
    assert str(schema.parse(write(tmp_path, text)).profile["corrections"][0]["on"]) == "2026-01-05"


# --- Files that mean harm, or are not YAML ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", 'is empty; a dossier starts with "dossier: 1"'),
        (b"# nothing\n", "is empty"),
        (b"- a\n- b\n", "is a list or a single value"),
        (b"dossier", "is a list or a single value"),
        (b"\xff\xfe\x00", "is not UTF-8 (byte 0xff)"),
        (b"a: 1\nb: \xe9\n", "2: is not UTF-8 (byte 0xe9)"),
        (b"a: 1\nb: \x00\n", "2: holds the control character U+0000"),
        (b"a:\n\tb: 1\n", "2: is not YAML that can be read: the line is indented with a tab"),
        (b"a: 'x\n", "a quote or a bracket is not closed"),
        (b"a: b: c\n", "a colon stands in text without quotes"),
        (b"a: 1\na: 2\n", "stands here twice (before on line 1)"),
        (b"a: !!python/object/apply:os.system [x]\n", "is not allowed; write the value alone"),
        (b"a: &a [*a]\n", "refers to itself"),
        (b"a: *b\n", "to nothing above it"),
        (b"a: 1\n---\nb: 1\n", "a second document starts here"),
        (b"[a]: 1\n", "where the name of a field belongs"),
        (b"a: " + b"[" * 100_000, "nests deeper than 20 levels"),
        (b"{a: " * 100_000, "nests deeper than 20 levels"),
        (b"a: &x [1]\nb: [" + b"*x, " * 30 + b"]\n", "uses more than 20 aliases"),
        (b"a: " + b"x" * 10_000_000, "is larger than 5 MB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_is_no_dossier_is_refused_with_a_sentence(tmp_path, held, said):
    path = tmp_path / "bad.yaml"
    path.write_bytes(held)
    with pytest.raises(BadDossier) as refused:
        schema.parse(path)
    assert said in str(refused.value)


def test_a_billion_laughs_are_not_laughed(tmp_path):
    laughs = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert "uses more than 20 aliases" in only_problem(tmp_path, laughs)


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    for path, said in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(BadDossier, match=said):
            schema.parse(path)


def test_no_more_than_fifty_mistakes_are_told(tmp_path):
    whole = example(what_it_does=[[number] for number in range(300)])
    told = problems(tmp_path, whole)
    assert len(told) == document.MOST_PROBLEMS + 1
    assert "these are the first 50" in told[-1]


def test_what_a_file_says_cannot_steer_the_terminal(tmp_path):
    assert "\x1b" not in only_problem(tmp_path, PLAIN.replace("name: Example", 'name: Example\n  kind: "\\e[2J"'))


def test_a_list_that_no_page_could_show_is_refused(tmp_path):
    assert "holds 501 items; write at most 500" in only_problem(tmp_path, example(aliases=["x"] * 501))
