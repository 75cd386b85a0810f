"""Corrections are added and superseded; nobody changes one or takes one away, by whichever door."""

import re
from datetime import date, timedelta

import pytest
from django.db import Error, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse

from config.models import AuditEntry
from profiles import actions
from profiles.grading.pipeline import today
from profiles.models import Correction, Profile
from tests.builders import make_profile

pytestmark = pytest.mark.django_db

FIRST, SECOND = date(2026, 1, 2), date(2026, 2, 3)


@pytest.fixture
def profile():
    return make_profile("tidewater", live=True, name="Tidewater")


def correct(profile, text, on=FIRST, **fields):
    return actions.add_correction(profile_id=profile.pk, text=text, on=on, **fields)


def refused(statement, *values):
    with pytest.raises(Error) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(error.value)


def test_the_database_keeps_a_correction_as_it_was_said(profile):
    correct(profile, "It was five.")
    assert "Cannot delete" in refused("DELETE FROM profiles_correction")
    assert "never changes" in refused("UPDATE profiles_correction SET text = 'It was never wrong.'")
    assert "never changes" in refused("""UPDATE profiles_correction SET "on" = '2030-01-01'""")
    other = make_profile()
    assert "never changes" in refused("UPDATE profiles_correction SET profile_id = %s", other.pk)


def test_the_table_is_never_emptied():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL assay.empties_tables = 'off'")
    assert "Corrections stay." in refused("TRUNCATE profiles_correction CASCADE")


def test_a_profile_with_a_correction_is_not_removed(profile):
    correct(profile, "It was five.")
    with pytest.raises(ProtectedError):
        Profile.objects.filter(pk=profile.pk).delete()


def test_a_superseded_correction_stays_superseded_by_the_same_one(profile):
    first, second = correct(profile, "Five."), correct(profile, "Six.", SECOND)
    correct(profile, "Six.", SECOND, supersedes_id=first.pk)
    assert "never changes" in refused("UPDATE profiles_correction SET superseded_by_id = NULL WHERE id = %s", first.pk)
    third = correct(profile, "Seven.", SECOND)
    with pytest.raises(actions.CannotSupersede, match="has been superseded already"):
        correct(profile, "Seven.", SECOND, supersedes_id=first.pk)
    assert correct(profile, "Seven.", SECOND, supersedes_id=second.pk) == third


def test_corrections_never_supersede_each_other_in_a_ring(profile):
    first, second = correct(profile, "Five."), correct(profile, "Six.")
    correct(profile, "Six.", supersedes_id=first.pk)
    for earlier, later in ((second, first), (second, second)):
        statement = "UPDATE profiles_correction SET superseded_by_id = %s WHERE id = %s"
        assert "a later one of the same profile" in refused(statement, later.pk, earlier.pk)
    with pytest.raises(actions.CannotSupersede):
        correct(profile, "Five.", supersedes_id=second.pk)


def test_a_correction_of_another_profile_supersedes_nothing(profile):
    other = correct(make_profile(live=True), "Five.")
    with pytest.raises(actions.CannotSupersede):
        correct(profile, "Six.", SECOND, supersedes_id=other.pk)
    mine = correct(profile, "Six.", SECOND)
    statement = "UPDATE profiles_correction SET superseded_by_id = %s WHERE id = %s"
    assert "same profile" in refused(statement, mine.pk, other.pk)


def test_who_corrected_and_who_superseded_stands_in_the_audit(profile):
    first = correct(profile, "Five.")
    later = correct(profile, "Six.", SECOND, supersedes_id=first.pk)
    said = AuditEntry.objects.filter(subject_kind="correction").order_by("pk").values_list("verb", "subject_id")
    assert list(said) == [
        ("correction.added", first.pk),
        ("correction.added", later.pk),
        ("correction.superseded", first.pk),
    ]


# --- On the desk ------------------------------------------------------------------------------------------------------


def save(client, profile, **typed):
    address = reverse("admin:profiles_profile_change", args=[profile.pk])
    kept = correction_forms(client.get(address))
    blank = {f"{name}-{part}": "0" for name in ("judgements", "citations") for part in ("TOTAL_FORMS", "INITIAL_FORMS")}
    fields = {"slug": profile.slug, "first_published": str(profile.first_published), **blank, **kept}
    return client.post(address, fields | {f"corrections-{kept['last']}-{name}": said for name, said in typed.items()})


def correction_forms(response):
    (formset,) = [one.formset for one in response.context["inline_admin_formsets"] if one.opts.model is Correction]
    counts = {f"corrections-{name}": formset.management_form[name].value() for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {**counts, "last": counts["corrections-TOTAL_FORMS"] - 1}


def test_an_editor_adds_a_correction_that_supersedes_another(client, edith, profile):
    client.force_login(edith)
    first = correct(profile, "Five.")
    response = save(client, profile, on=str(today()), text="Six.", replaces=str(first.pk))
    assert response.status_code == 302
    first.refresh_from_db()
    assert (first.superseded_by.text, first.superseded_by.on) == ("Six.", today())
    page = client.get(reverse("admin:profiles_profile_change", args=[profile.pk])).text
    assert "Five." in page
    fields = re.findall(r'name="corrections-(?:\d+)-text"', page)
    assert len(fields) == 1  # the empty row for another one: those that stand are not fields


def test_an_editor_who_changes_nothing_adds_nothing(client, edith, profile):
    client.force_login(edith)
    assert save(client, profile, on=str(today()), text="").status_code == 302
    assert not Correction.objects.exists()


def test_the_form_refuses_to_supersede_what_is_later(client, edith, profile):
    client.force_login(edith)
    first = correct(profile, "Five.")
    page = save(client, profile, on=str(FIRST - timedelta(days=1)), text="Four.", replaces=str(first.pk))
    assert "which is later." in page.text
    assert "Four." in page.text
    assert Correction.objects.count() == 1


def test_the_desk_lists_corrections_and_changes_none(client, edith, profile):
    client.force_login(edith)
    one = correct(profile, "Five.")
    assert "Five." in client.get(reverse("admin:profiles_correction_changelist")).text
    address = reverse("admin:profiles_correction_change", args=[one.pk])
    assert client.post(address, {"text": "Never."}).status_code == 403
