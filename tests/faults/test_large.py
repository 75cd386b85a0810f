"""Much at once: an import of many citations while editors save, and a source that very many profiles cite."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from profiles.grading import pipeline
from profiles.models import Grade, Profile, Publisher
from tests.builders import cite, make_profile, make_publisher, make_source, make_user, settle
from tests.faults.processes import beat, wait_until, worker
from tests.faults.settled import nothing_pending, wrongs
from tests.profiles.dossier.examples import example, write

pytestmark = pytest.mark.django_db(transaction=True)

CITATIONS = 2_000
GRADES_OF_AN_IMPORT = 3
EDITORS = 5
CITING = 120  # several batches


def dossier_of(citations):
    """The example citing that many sources besides its own, of two publishers in turn."""
    whole = example()
    publishers = [publisher["slug"] for publisher in whole["publishers"]]
    keys = [f"more-{number}" for number in range(citations)]
    whole["sources"] += [
        {"key": key, "publisher": publishers[number % 2], "title": key} for number, key in enumerate(keys)
    ]
    whole["profile"]["citations"] += [{"source": key, "credibility": 2, "judgements": ["j1"]} for key in keys]
    return whole


class Editor:
    """Saves one source again and again, filing it now under one publisher and now under another."""

    def __init__(self, number):
        self.user = make_user(f"editor-{number}@example.org", groups=["Editor"])
        self.source = make_source()
        self.saved = 0

    def work(self, publishers, stop):
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")  # as the web server has it: nobody waits for a worker
            client = Client()
            client.force_login(self.user)
            while not stop.is_set() or self.saved < len(publishers):
                self.save(client, publishers[self.saved % len(publishers)])
        return self.saved

    def save(self, client, publisher):
        form = {"title": self.source.title, "publisher": publisher.pk, "published_on": self.source.published_on}
        form |= {"derivations-TOTAL_FORMS": 0, "derivations-INITIAL_FORMS": 0}
        response = client.post(reverse("admin:profiles_source_change", args=[self.source.pk]), form)
        assert response.status_code == 302, response.context["errors"]
        self.saved += 1


def test_a_large_import_into_one_profile_holds_up_no_editor(redis, tmp_path):
    call_command("import_dossier", write(tmp_path, dossier_of(0)))
    editors = [Editor(number) for number in range(EDITORS)]
    profile = make_profile("edited", live=True, judgements={"j1": "It is large."})
    for editor in editors:
        cite(profile, editor.source)
    settle()
    large, stop = write(tmp_path, dossier_of(CITATIONS)), Event()
    publishers = [make_publisher(reliability=letter) for letter in "BC"]
    with worker(REDIS_URL=redis.url), beat(REDIS_URL=redis.url), ThreadPoolExecutor(EDITORS) as desks:
        saving = [desks.submit(editor.work, publishers, stop) for editor in editors]
        try:
            call_command("import_dossier", large)
        finally:
            stop.set()
        saved = [desk.result() for desk in saving]
        wait_until(nothing_pending)
    imported = Profile.objects.get(slug="example")
    assert imported.citations.count() == CITATIONS + 2
    assert 1 < imported.grades.count() <= 1 + GRADES_OF_AN_IMPORT
    assert min(saved) >= len(publishers)
    assert wrongs() == []


def test_an_unrelated_edit_is_graded_before_most_of_those_who_cite_one_source(monkeypatch):
    source, elsewhere = make_source(), make_profile("elsewhere", live=True, judgements={"j1": "It is large."})
    for _ in range(CITING):
        cite(make_profile(live=True, judgements={"j1": "It is large."}), source, direct=True)
    settle()
    before = Grade.objects.count()
    regrade = pipeline.regrade

    def edit_meanwhile(profile_ids):
        monkeypatch.setattr(pipeline, "regrade", regrade)
        graded = regrade(profile_ids)
        with pipeline.editing(by="desk"):
            cite(elsewhere, direct=True)
        return graded

    monkeypatch.setattr(pipeline, "regrade", edit_meanwhile)
    Publisher.objects.filter(sources=source).update(reliability="C")
    settle()
    order = list(Grade.objects.order_by("pk").values_list("profile__slug", flat=True)[before:])
    assert len(order) == CITING + 1
    assert order.index("elsewhere") <= 2 * pipeline.BATCH
    assert wrongs() == []
