"""The whole dossier: briefings and notes, the commands, and the demo."""

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from accounts.tiers import Tier
from briefings.demo import DOSSIERS
from briefings.dossier import BadDossier, export_dossier, import_dossier
from briefings.models import SourceNote, Teaser
from config.models import AuditEntry
from profiles import actions as profile_actions
from profiles.models import Citation, Mark, Profile, Publisher, Source
from tests.builders import cite, make_briefing, make_profile, make_source, picture, settle
from tests.profiles.dossier.examples import every_row, example, write

pytestmark = pytest.mark.django_db


def gated(**profile):
    whole = example(**profile)
    whole["profile"]["citations"][0].update(note="Read it *twice*.", note_tier="leadership-alliance")
    whole["profile"]["citations"][1]["note"] = "The original."
    whole["briefings"] = [
        {"tier": "strategic-circle", "title": "Deeper", "summary": "What lies below.", "body": "# One\n\nThe body.\n"},
        {"tier": "leadership-alliance", "contents": ["One", "Two"], "body": "For owners."},
    ]
    return whole


def notes():
    return list(SourceNote.objects.order_by("pk").values_list("citation__source__title", "tier", "body"))


def test_briefings_and_notes_are_there_after_an_import(tmp_path):
    import_dossier(write(tmp_path, gated()))
    assert notes() == [("A report", 2, "Read it *twice*."), ("A paper", 1, "The original.")]
    circle, alliance = Teaser.objects.order_by("tier")
    assert (circle.tier, circle.title, circle.summary) == (Tier.STRATEGIC_CIRCLE, "Deeper", "What lies below.")
    assert circle.briefing.body == "# One\n\nThe body."
    assert (alliance.title, alliance.contents) == ("Deeper Profile Context", "One\nTwo")


def test_a_dossier_of_everything_imported_twice_writes_no_row(tmp_path):
    import_dossier(write(tmp_path, gated()))
    before = every_row()
    assert import_dossier(write(tmp_path, gated())).changes == []
    assert every_row() == before


def test_notes_that_a_file_lacks_are_removed_and_briefings_withdrawn(tmp_path):
    import_dossier(write(tmp_path, gated()))
    assert "2 briefings removed" in import_dossier(write(tmp_path, example())).changes
    assert (SourceNote.objects.count(), Teaser.objects.live().count()) == (0, 0)
    assert import_dossier(write(tmp_path, example())).changes == []
    assert "2 briefings put up again" in import_dossier(write(tmp_path, gated())).changes
    assert Teaser.objects.live().count() == 2


def test_a_note_stays_with_its_citation_when_the_digit_changes(tmp_path):
    import_dossier(write(tmp_path, gated()))
    before = list(SourceNote.objects.values_list("pk", flat=True))
    whole = gated()
    whole["profile"]["citations"][0]["credibility"] = 5
    assert import_dossier(write(tmp_path, whole)).changes == ["1 citation changed"]
    assert list(SourceNote.objects.values_list("pk", flat=True)) == before


def test_members_keep_reading_the_approved_briefing_while_a_draft_is_imported(tmp_path):
    import_dossier(write(tmp_path, gated()))
    draft = gated(status="draft")
    draft["briefings"][0]["body"] = "Nobody has approved this."
    assert "1 briefing drafted" in import_dossier(write(tmp_path, draft)).changes
    assert import_dossier(write(tmp_path, draft)).changes == []
    assert Teaser.objects.live().get(tier=Tier.STRATEGIC_CIRCLE).briefing.body == "# One\n\nThe body."
    approved = gated(status="published")
    assert "1 briefing changed" not in import_dossier(write(tmp_path, approved)).changes
    approved["briefings"][0]["body"] = "Nobody has approved this."
    assert import_dossier(write(tmp_path, approved)).changes == ["1 briefing changed"]
    live = Teaser.objects.live().get(tier=Tier.STRATEGIC_CIRCLE)
    assert (live.number, live.briefing.body) == (2, "Nobody has approved this.")


def test_what_is_exported_as_published_holds_no_word_of_a_draft(tmp_path):
    import_dossier(write(tmp_path, gated()))
    profile = Profile.objects.get()
    published = export_dossier(profile)
    make_briefing(profile, live=False, body="Nobody has approved this.")
    assert export_dossier(profile) == published
    assert import_dossier(write(tmp_path, published)).changes == []
    assert Teaser.objects.filter(approved_at=None).exists()
    profile_actions.start_draft(profile_id=profile.pk)
    assert "Nobody has approved this." in export_dossier(profile)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tier": "Strategic Circle"}, "write strategic-circle or leadership-alliance; did you mean strategic-circle?"),
        ({"tier": "reader"}, "write strategic-circle or leadership-alliance"),
        ({"tier": None}, "is empty; a briefing needs it"),
        ({"tier": "leadership-alliance"}, "a tier has one briefing"),
        ({"teaser": "x"}, "briefings[0].teaser: is not a field of a briefing"),
    ],
)
def test_a_mistake_in_a_briefing_is_told(tmp_path, fields, said):
    whole = gated()
    whole["briefings"][0].update(fields)
    with pytest.raises(BadDossier) as refused:
        import_dossier(write(tmp_path, whole))
    assert said in str(refused.value)


def test_a_gated_dossier_comes_back_whole_with_its_picture(tmp_path):
    (tmp_path / "example.webp").write_bytes(picture())
    figure = {"file": "example.webp", "alt": "A picture.", "caption": "See.", "credit": "Ours"}
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    there.mkdir()
    with transaction.atomic():
        import_dossier(write(tmp_path, gated(figure=figure)))
        text = export_dossier(Profile.objects.get(), to=there)
        assert import_dossier(write(there, text)).changes == []
        transaction.set_rollback(True)
    assert not Profile.objects.exists()
    import_dossier(write(there, text))
    elsewhere.mkdir()
    assert export_dossier(Profile.objects.get(), to=elsewhere) == text
    assert (elsewhere / "example.webp").read_bytes() == picture()


def test_two_pictures_of_one_name_do_not_overwrite_each_other(tmp_path):
    (tmp_path / "example.webp").write_bytes(picture())
    import_dossier(write(tmp_path, example(figure={"file": "example.webp", "alt": "A.", "credit": "Ours"})))
    there = tmp_path / "there"
    there.mkdir()
    (there / "example.webp").write_bytes(b"another picture")
    name = yaml.safe_load(export_dossier(Profile.objects.get(), to=there))["profile"]["figure"]["file"]
    assert (there / "example.webp").read_bytes() == b"another picture"
    assert (there / name).read_bytes() == picture()


# --- The commands -----------------------------------------------------------------------------------------------------


def test_a_bad_file_does_not_take_a_good_one_with_it(tmp_path, capsys):
    bad = write(tmp_path, example(slug="other", kind="regstry"), "bad.yaml")
    good = write(tmp_path, example(), "good.yaml")
    with pytest.raises(CommandError, match="1 of 2 files were not imported; no row of theirs changed"):
        call_command("import_dossier", bad, good)
    told = capsys.readouterr()
    assert "good.yaml: example: changed" in told.out
    assert f"{bad}:" in told.err
    assert "did you mean registry?" in told.err
    assert [profile.slug for profile in Profile.objects.all()] == ["example"]


def test_import_without_a_file_prints_how_to_use_it():
    with pytest.raises(CommandError, match="the following arguments are required: FILE"):
        call_command("import_dossier")


def test_check_changes_nothing_and_tells_what_would_change(tmp_path, settings, capsys):
    import_dossier(write(tmp_path, gated()))
    (tmp_path / "example.webp").write_bytes(picture())
    whole = gated(figure={"file": "example.webp", "alt": "A.", "credit": "Ours"}, standfirst="Other words.")
    whole["publishers"][0]["reliability"] = "B"
    whole["profile"]["citations"].pop()
    before = every_row()
    call_command("import_dossier", write(tmp_path, whole), "--check")
    told = capsys.readouterr().out
    assert every_row() == before
    assert not settings.MEDIA_ROOT.exists()
    for line in (
        "example: would change",
        'publisher example-wire: reliability "A" → "B"',
        "1 citation removed",
        "text: a new draft",
        "text: revision 2 published",
    ):
        assert f"{line}\n" in told


@pytest.mark.django_db(transaction=True)
def test_check_tells_which_other_scores_would_move(tmp_path, capsys):
    import_dossier(write(tmp_path, example()))
    other = make_profile("other", live=True, judgements={"j1": "It is so."})
    cite(other, make_source(derived_from=[Source.objects.get(title="A report")]), direct=False)
    aside = make_profile("aside", live=True, judgements={"j1": "It is so."})
    cite(aside)
    settle()
    marks = Mark.objects.count()
    whole = example()
    whole["sources"][1]["title"] = "Another paper"
    whole["publishers"][1]["reliability"] = "D"
    whole["sources"][0]["derived_from"] = []
    call_command("import_dossier", write(tmp_path, whole), "--check")
    told = capsys.readouterr().out
    assert "  score of other: " in told
    assert "score of aside" not in told
    assert Mark.objects.count() == marks
    call_command("import_dossier", write(tmp_path, whole))
    assert "to be graded again, because they rest on what changed: other\n" in capsys.readouterr().out


def test_export_prints_what_import_reads(tmp_path, capsys):
    import_dossier(write(tmp_path, gated()))
    call_command("export_dossier", "example")
    text = capsys.readouterr().out
    assert import_dossier(write(tmp_path, text, "again.yaml")).changes == []


def test_export_into_a_folder_writes_the_file_and_its_picture(tmp_path):
    (tmp_path / "example.webp").write_bytes(picture())
    import_dossier(write(tmp_path, example(figure={"file": "example.webp", "alt": "A.", "credit": "Ours"})))
    call_command("export_dossier", "example", "--to", tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["example.webp", "example.yaml"]


def test_an_export_is_in_the_audit_and_none_of_its_text(tmp_path):
    import_dossier(write(tmp_path, gated()))
    call_command("export_dossier", "example")
    entry = AuditEntry.objects.get(verb="dossier.exported")
    assert (entry.subject_kind, entry.subject_id) == ("profile", Profile.objects.get().pk)
    assert (entry.actor, entry.reason, entry.details) == (None, "", {})


def test_export_of_an_unknown_profile_is_told():
    with pytest.raises(CommandError, match="No profile has the slug 'nobody'"):
        call_command("export_dossier", "nobody")


def test_a_thousand_citations_are_imported_in_a_constant_number_of_queries(tmp_path, django_assert_max_num_queries):
    sources = [{"key": f"s{n}", "publisher": "example-wire", "title": f"Report {n}"} for n in range(1000)]
    citations = [{"source": f"s{n}", "judgements": ["j1", "j2"]} for n in range(1000)]
    whole = {**example(citations=citations), "sources": sources}
    with django_assert_max_num_queries(60):
        import_dossier(write(tmp_path, whole))
    assert Citation.objects.count() == 1000


# --- The demo ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO = True
    settings.DATA_DIR = tmp_path / "data"
    return settings


def test_the_demo_is_refused_in_production():
    with pytest.raises(CommandError, match="set DEMO=1 or DEBUG=1"):
        call_command("load_demo")
    assert not Profile.objects.exists()


def test_the_demo_fills_an_empty_site_once_and_prints_how_to_log_in(demo, client, capsys):
    call_command("load_demo")
    told = capsys.readouterr().out
    password = (demo.DATA_DIR / "demo_password").read_text()
    assert f"with the password {password}\n" in told
    assert Profile.objects.published().count() == len(DOSSIERS) > 0
    assert client.login(email="editor@example.org", password=password)
    assert (demo.DATA_DIR / "demo_password").stat().st_mode & 0o777 == 0o600
    mina = User.objects.get(email="circle@example.org")
    assert set(mina.follows.values_list("profile__slug", flat=True)) == {"afrinic", "chatbit"}
    before = every_row()
    call_command("load_demo")
    assert capsys.readouterr().out == told
    assert every_row() == before


def test_the_demo_leaves_a_site_in_use_alone(demo, capsys):
    make_profile("example")
    call_command("load_demo")
    assert capsys.readouterr().out == ""
    assert Profile.objects.count() == 1


def test_the_demo_is_loaded_whole_or_not_at_all(demo, monkeypatch, tmp_path):
    bad = write(tmp_path, example(kind="regstry"))
    monkeypatch.setattr("briefings.management.commands.load_demo.DOSSIERS", [*DOSSIERS[:1], bad])
    with pytest.raises(CommandError, match="did you mean registry"):
        call_command("load_demo")
    assert not Profile.objects.exists()
    assert not Publisher.objects.exists()


def test_the_dossiers_of_the_demo_agree_about_what_they_share(demo):
    call_command("load_demo", "--quiet")
    assert {file.name: import_dossier(file).changes for file in DOSSIERS} == {file.name: [] for file in DOSSIERS}
