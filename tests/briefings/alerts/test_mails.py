"""What the mails say: what is true and open to their reader at the moment they leave, and nothing more."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.actions import leave_circle, suspend
from accounts.models import Grant
from accounts.tiers import Tier
from briefings.actions import withdraw_briefing
from briefings.alerts import actions, news, planning
from briefings.alerts.models import Subscriber
from config import mailing
from config.models import OutgoingMail
from profiles.actions import add_correction, withdraw_profile
from profiles.models import Publisher
from tests.briefings.alerts.conftest import EARLY, MONDAY, SEVEN, follow, graded, tell
from tests.builders import give, make_briefing, make_profile, make_term, make_user

pytestmark = pytest.mark.django_db

CANARY = "canary7q1zx"
READ_IT = "Read it: http"


def posted(at=EARLY):
    """Notice and plan, but send nothing yet; return how many mails wait."""
    news.notice(at=at)
    planning.plan_alerts(at=at)
    return OutgoingMail.objects.filter(sent_at=None, dropped_at=None).count()


def sent():
    """Send what waits, and return the text of the last mail, or nothing."""
    already = len(mail.outbox)
    mailing.deliver()
    return mail.outbox[-1].body if len(mail.outbox) > already else ""


def told(*args, **options):
    assert posted(*args, **options) == 1
    return sent()


# --- What it says -----------------------------------------------------------------------------------------------------


def test_a_mail_says_what_the_grade_is_and_was_since_when_and_why(nrs, mina):
    follow(mina, nrs)
    graded(nrs, "0.61", causes=[{"on": "age"}])
    text = told()
    assert mail.outbox[-1].subject == "Assay: NRS: grade B/C, was C/D"
    assert re.search(r"Grade B/C \(0\.61, Medium\), since \d+ \w+ 20\d\d, \d\d:\d\d UTC\. It was C/D \(0\.48\)\.", text)
    assert "Nothing was edited: evidence counts for less as it ages." in text
    assert "/profiles/nrs/confidence/" in text


def test_a_band_that_went_there_and_back_is_one_line_that_says_so(nrs, mina):
    follow(mina, nrs, "daily")
    for score in ("0.61", "0.30", "0.50"):
        graded(nrs, score)
        news.notice(at=EARLY)
    text = told(at=SEVEN)
    assert mail.outbox[-1].subject == "Assay: NRS: grade C/D, as before"
    assert "Grade C/D (0.50, Weak–medium), as before. In between it was B/C (0.61) and D (0.30)." in text
    assert text.count("Grade ") == 1


def test_a_way_through_another_band_is_told(nrs, mina):
    follow(mina, nrs, "daily")
    for score in ("0.30", "0.61"):
        graded(nrs, score)
        news.notice(at=EARLY)
    assert "It was C/D (0.48). In between it was D (0.30)." in told(at=SEVEN)


def test_bands_that_share_their_letter_are_told_apart(nrs, mina):
    graded(nrs, "0.20")
    news.notice(at=EARLY)
    follow(mina, nrs)
    graded(nrs, "0.05")
    told()
    assert mail.outbox[-1].subject == "Assay: NRS: grade D (Internal monitoring), was D (Weak signal)"


def test_a_correction_is_told_in_full(nrs, mina):
    follow(mina, nrs)
    add_correction(profile_id=nrs.pk, text="It was five, not six.", on=EARLY.date())
    graded(nrs, "0.48")
    assert "Correction of 2 December 2026: It was five, not six." in told()
    assert mail.outbox[-1].subject == "Assay: NRS: a correction"


def test_a_letter_is_told_with_its_reason(nrs, mina):
    follow(mina, Publisher.objects.get(slug="wire"))
    Publisher.objects.update(reliability="D", reliability_reason="It was wrong twice.")
    text = told()
    assert mail.outbox[-1].subject == "Assay: Wire: Reliability D, was B"
    assert "It was wrong twice." in text
    assert "/publishers/wire/" in text


def test_a_letter_that_went_there_and_back_says_so(nrs, mina):
    follow(mina, Publisher.objects.get(slug="wire"), "daily")
    for letter in "DB":
        Publisher.objects.update(reliability=letter)
        news.notice(at=EARLY)
    assert "Reliability B, as before. In between it was D." in told(at=SEVEN)


def test_names_with_a_line_break_stay_on_the_subjects_line(mina):
    profile = graded(make_profile(live=True, name="Two\r\nBcc: x@example.com"), "0.48")
    news.notice(at=EARLY)
    follow(mina, profile)
    graded(profile, "0.61")
    told()
    assert mail.outbox[-1].subject == "Assay: Two Bcc: x@example.com: grade B/C, was C/D"
    assert mail.outbox[-1].to == ["mina@example.org"]


def test_a_mail_is_plain_text_with_nothing_escaped(nrs, mina):
    follow(mina, nrs)
    add_correction(profile_id=nrs.pk, text='R&D <is> "theirs".')
    graded(nrs, "0.48")
    assert 'R&D <is> "theirs".' in told()


# --- Tiers ------------------------------------------------------------------------------------------------------------


def test_a_member_is_offered_the_briefing_and_others_are_told_who_may_read_it(nrs, mina):
    reader = make_user("reader@example.org")
    for user in (mina, reader):
        follow(user, nrs)
    make_briefing(nrs, title="What moves it", summary="In short.", body=CANARY)
    tell()
    texts = {sent.to[0]: sent.body for sent in mail.outbox}
    assert all("New briefing: What moves it\nIn short.\n" in text for text in texts.values())
    assert "Read it: http" in texts["mina@example.org"]
    assert "/profiles/nrs/briefing/" in texts["mina@example.org"]
    assert "It opens to members of the Strategic Circle and above: http" in texts["reader@example.org"]
    assert READ_IT not in texts["reader@example.org"]
    assert CANARY not in "".join(texts.values())


def test_who_lost_the_tier_between_posting_and_sending_reads_as_everybody_does(nrs, mina):
    follow(mina, nrs)
    make_briefing(nrs, body=CANARY)
    assert posted() == 1
    leave_circle(user=mina)
    text = sent()
    assert "It opens to members of the Strategic Circle" in text
    assert READ_IT not in text


def test_who_was_suspended_meanwhile_is_offered_nothing(nrs, mina, otto):
    follow(mina, nrs)
    make_briefing(nrs)
    posted()
    suspend(user=mina, by=otto, reason="a test")
    assert READ_IT not in sent()


def test_who_became_a_member_meanwhile_is_offered_it(nrs):
    user = make_user()
    follow(user, nrs)
    make_briefing(nrs)
    posted()
    give(Tier.STRATEGIC_CIRCLE, user, how=Grant.How.COMP)
    assert READ_IT in sent()


def test_the_outbox_holds_numbers_and_never_text(nrs, mina):
    follow(mina, nrs)
    make_briefing(nrs, title="What moves it", summary="In short.", body=CANARY)
    posted()
    about = OutgoingMail.objects.get().about
    assert set(about) == {"pace", "to", "after"}
    assert not re.search("moves|short|NRS|canary", str(about))


# --- What happens in between ------------------------------------------------------------------------------------------


def test_a_briefing_that_was_revised_meanwhile_is_told_as_it_reads_now(nrs, mina):
    follow(mina, nrs)
    make_briefing(nrs, title="What moves it")
    posted()
    make_briefing(nrs, title="What moved it")
    text = sent()
    assert "New briefing: What moved it\n" in text
    assert READ_IT in text


def test_a_briefing_that_was_withdrawn_meanwhile_is_told_to_nobody(nrs, mina):
    follow(mina, nrs)
    teaser = make_briefing(nrs).teaser
    posted()
    withdraw_briefing(teaser_id=teaser.pk)
    assert sent() == ""


def test_who_unfollowed_meanwhile_gets_nothing(nrs, mina):
    followed = follow(mina, nrs)
    graded(nrs, "0.61")
    posted()
    actions.remove(user=mina, follow_id=followed.pk)
    assert sent() == ""


def test_who_wants_no_more_mails_meanwhile_gets_none(nrs, mina):
    followed = follow(mina, nrs)
    graded(nrs, "0.61")
    posted()
    actions.change(user=mina, follow_id=followed.pk, often="never")
    assert sent() == ""


def test_a_profile_that_was_withdrawn_meanwhile_is_not_spoken_of(nrs, mina):
    other = graded(make_profile("other", live=True, name="Other"), "0.48")
    news.notice(at=EARLY)
    for profile in (nrs, other):
        follow(mina, profile)
        graded(profile, "0.61")
    posted()
    withdraw_profile(profile_id=nrs.pk)
    text = sent()
    assert "Other" in text
    assert "NRS" not in text + mail.outbox[-1].subject


def test_a_mail_about_nothing_but_what_was_withdrawn_is_dropped(nrs, mina):
    follow(mina, nrs)
    graded(nrs, "0.61")
    posted()
    withdraw_profile(profile_id=nrs.pk)
    assert sent() == ""
    assert OutgoingMail.objects.get().dropped_at


@pytest.mark.parametrize("what", ["closed", "unverified", "removed", "another address"])
def test_an_account_that_was_closed_or_lost_its_address_gets_nothing(nrs, what):
    user = make_user()
    follow(user, nrs)
    graded(nrs, "0.61")
    posted()
    if what == "closed":
        user.is_active = False
        user.save()
    elif what == "unverified":
        user.emailaddress_set.update(verified=False)
    elif what == "removed":
        user.delete()
    else:
        user.emailaddress_set.update(email="new@example.org")
    assert sent() == ""


def test_a_profile_that_left_the_term_meanwhile_is_not_told_under_it(nrs, mina):
    follow(mina, make_term("region", "Africa"))
    graded(nrs, "0.61")
    posted()
    nrs.live_revision.facet_values.all().delete()
    assert sent() == ""


# --- The way out ------------------------------------------------------------------------------------------------------


def header():
    return mail.outbox[-1].extra_headers["List-Unsubscribe"].strip("<>")


def test_every_mail_carries_the_headers_of_one_click_and_the_link_in_its_text(nrs, mina):
    follow(mina, nrs)
    graded(nrs, "0.61")
    text = told()
    assert mail.outbox[-1].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/alerts/stop/" in header()
    assert f"NRS: {header()}" in text
    assert "/account/following/" in text


def test_a_mail_about_several_follows_has_a_way_out_of_each_and_of_all(nrs, mina):
    follow(mina, nrs)
    follow(mina, Publisher.objects.get(slug="wire"))
    graded(nrs, "0.61")
    text = told()
    links = re.findall(r"(?m)^(.+): (http\S+/alerts/stop/\S+)$", text)
    assert [name for name, _link in links] == ["NRS", "Wire", "All mails that come at once"]
    assert header() == links[2][1]
    assert len({link for _name, link in links}) == 3


def test_a_long_list_of_follows_does_not_make_a_long_mail(mina):
    for number in range(25):
        profile = graded(make_profile(f"p{number}", live=True, name=f"P{number}"), "0.48")
        news.notice(at=EARLY)
        follow(mina, profile)
        graded(profile, "0.61")
    text = told()
    assert text.count("/alerts/stop/") == 21
    assert "And 5 more, on your list." in text


# --- The newsletter ---------------------------------------------------------------------------------------------------


def test_the_newsletter_tells_moves_new_profiles_and_corrections_and_how_to_stop_it(nrs):
    actions.subscribe(email="reader@example.com", client="192.0.2.1")
    actions.confirm(subscriber_id=Subscriber.objects.get().pk)
    mailing.deliver()
    graded(nrs, "0.61")
    graded(make_profile("new", live=True, name="New", standfirst="It is new."), "0.61")
    add_correction(profile_id=nrs.pk, text="It was five.")
    graded(nrs, "0.61")
    make_briefing(nrs, body=CANARY)
    tell()
    tell(at=MONDAY)
    text = mail.outbox[-1].body
    for words in ("It was C/D (0.48).", "It is new.", "It was five.", f"To stop it: {header()}"):
        assert words in text
    assert "briefing" not in text
    assert CANARY not in text


def test_a_newsletter_stopped_meanwhile_does_not_leave(nrs):
    actions.subscribe(email="reader@example.com", client="192.0.2.1")
    subscriber = Subscriber.objects.get()
    actions.confirm(subscriber_id=subscriber.pk)
    mailing.deliver()
    graded(nrs, "0.61")
    news.notice(at=EARLY)
    planning.plan_newsletter(at=MONDAY)
    actions.stop(["newsletter", subscriber.digest])
    assert sent() == ""


def test_the_question_is_not_asked_of_an_address_that_has_been_forgotten():
    actions.subscribe(email="reader@example.com", client="192.0.2.1")
    Subscriber.objects.update(asked_at=timezone.now() - timedelta(days=8))
    planning.tidy(at=timezone.now())
    assert sent() == ""
