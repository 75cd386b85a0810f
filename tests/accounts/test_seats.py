"""Inviting, accepting, removing, handing over: by whom, for whom, how often, and who is told."""

import html
import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts import actions as ledger
from accounts import seats
from accounts.access import tier_of
from accounts.actions import SeatsTaken
from accounts.models import Grant, Invitation, Seat, User
from accounts.seats import NoInvitation, NotInvited, NotNow, NotTheManager, NotYourSeat
from accounts.tiers import Tier
from config import mailing
from config.models import AuditEntry, OutgoingMail
from tests.accounts.test_signing_in import NEW_PASSWORD, code_in
from tests.builders import give, make_organisation, make_user

pytestmark = pytest.mark.django_db

OFFER = "/account/invitation/"


@pytest.fixture
def organisation(alma):
    return alma.seats.get().organisation


@pytest.fixture
def carl(organisation):
    """Alma's colleague on the second seat."""
    user = make_user("carl@example.org", name="Carl")
    Seat.objects.create(organisation=organisation, user=user, number=2)
    return user


def invite(organisation, email="new@example.org"):
    return seats.invite(organisation=organisation, email=email, by=organisation.seats.get(number=1, ends_at=None).user)


def tier(user):
    return tier_of(user, at=timezone.now())


def kinds():
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", "to"))


# --- Inviting ---------------------------------------------------------------------------------------------------------


def test_an_invitation_keeps_no_token_and_its_mail_has_the_only_link(organisation, settings):
    settings.SITE_URL = "https://assay.example.org"
    invitation = invite(organisation)
    stored = [str(value) for value in Invitation.objects.values().get().values()]
    assert invitation.token not in stored
    mailing.deliver()
    (message,) = mail.outbox
    assert message.to == ["new@example.org"]
    assert f"https://assay.example.org/account/invitation/{invitation.token}/" in message.body
    assert AuditEntry.objects.filter(verb="invitation.sent", subject_id=invitation.pk).exists()


def test_a_row_alone_opens_nothing_without_the_sites_secret(organisation, settings):
    invitation = invite(organisation)
    for guess in (invitation.token_hash, invitation.nonce, str(invitation.pk), ""):
        with pytest.raises(NoInvitation):
            seats.invitation_with(guess)
    held = invitation.token
    settings.SECRET_KEY = "another-secret" * 4
    assert Invitation.objects.get().token != held


def test_two_seats_are_to_give_and_no_more(organisation):
    first = invite(organisation, "a@example.org")
    invite(organisation, "b@example.org")
    with pytest.raises(SeatsTaken):
        invite(organisation, "c@example.org")
    seats.withdraw_invitation(invitation=first, by=first.invited_by)
    invite(organisation, "c@example.org")
    with pytest.raises(NoInvitation):
        seats.invitation_with(first.token)


def test_a_second_invitation_takes_the_place_of_the_first(organisation):
    first, second = invite(organisation), invite(organisation, "NEW@example.org")
    with pytest.raises(NoInvitation):
        seats.invitation_with(first.token)
    assert seats.invitation_with(second.token) == second


def test_there_are_ceilings_for_an_address_and_for_an_organisation(organisation):
    for _ in range(seats.MOST_TO_ONE):
        invite(organisation)
    with pytest.raises(NotNow, match="3 times within a week"):
        invite(organisation)
    for number in range(seats.MOST_A_DAY - seats.MOST_TO_ONE):
        Invitation.objects.update(withdrawn_at=timezone.now())
        invite(organisation, f"other{number}@example.org")
    Invitation.objects.update(withdrawn_at=timezone.now())
    with pytest.raises(NotNow, match="10 invitations went out within a day"):
        invite(organisation, "one-more@example.org")


def test_only_the_manager_invites_and_only_for_a_membership_that_holds(organisation, carl, alma, otto):
    with pytest.raises(NotTheManager):
        seats.invite(organisation=organisation, email="x@example.org", by=carl)
    suspension = ledger.suspend(organisation=organisation, by=otto, reason="a test")
    with pytest.raises(NotNow, match="suspended"):
        invite(organisation)
    ledger.lift(suspension=suspension)
    ledger.end_grant(grant=organisation.grants.get(), by=otto, reason="a test")
    with pytest.raises(NotNow, match="has ended"):
        invite(organisation)


def test_who_has_a_seat_is_not_invited_again(organisation, carl):
    with pytest.raises(NotNow, match="has a seat already"):
        invite(organisation, "Carl@example.org")


# --- Accepting --------------------------------------------------------------------------------------------------------


def test_whoever_has_the_address_takes_the_seat_and_both_are_told(organisation, alma):
    invitation = invite(organisation)
    user = make_user("new@example.org")
    seat = seats.accept(invitation=invitation, user=user)
    assert (seat.number, tier(user)) == (2, Tier.LEADERSHIP_ALLIANCE)
    assert kinds()[1:] == [("seat-taken", user.email), ("seat-filled", alma.email)]
    with pytest.raises(NoInvitation):
        seats.accept(invitation=invitation, user=user)


def test_an_address_that_is_another_or_not_confirmed_takes_nothing(organisation):
    invitation = invite(organisation, "new@example.org")
    somebody = make_user("new@example.org.evil.example")
    EmailAddress.objects.create(user=somebody, email="new@example.org", verified=False)
    for user in (somebody, make_user("new+x@example.org"), make_user("new@xn--example.org")):
        with pytest.raises(NotInvited):
            seats.accept(invitation=invitation, user=user)
    assert Seat.objects.count() == 1


def test_an_invitation_runs_out_after_seven_days(organisation):
    invitation = invite(organisation)
    assert invitation.expires_at - invitation.created_at >= timedelta(days=7) - timedelta(minutes=1)
    Invitation.objects.update(expires_at=timezone.now())
    with pytest.raises(NoInvitation):
        seats.accept(invitation=invitation, user=make_user("new@example.org"))


def test_nobody_is_invited_onto_the_managers_seat(organisation, alma):
    invitation = invite(organisation)
    Seat.objects.update(ends_at=timezone.now())
    seat = seats.accept(invitation=invitation, user=make_user("new@example.org"))
    assert seat.number == 2


def test_an_invitation_to_a_membership_that_ended_gives_no_seat(organisation, otto):
    invitation = invite(organisation)
    ledger.end_grant(grant=Grant.objects.get(), by=otto, reason="a test")
    with pytest.raises(NotNow, match="has ended"):
        seats.accept(invitation=invitation, user=make_user("new@example.org"))


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_at_once_never_share_a_seat(organisation):
    offers = [(invite(organisation, f"new{n}@example.org"), make_user(f"new{n}@example.org")) for n in (1, 2)]
    barrier = Barrier(4)

    def accept(invitation, user):
        barrier.wait()
        try:
            seats.accept(invitation=invitation, user=user)
        except NoInvitation:
            pass
        finally:
            connection.close()

    threads = [Thread(target=accept, args=offer) for offer in offers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Seat.objects.values_list("number", flat=True)) == [1, 2, 3]


# --- Removing and handing over ----------------------------------------------------------------------------------------


def test_a_colleague_who_is_removed_reads_no_further(organisation, carl, alma):
    assert tier(carl) == Tier.LEADERSHIP_ALLIANCE
    for _ in range(2):
        seats.remove(seat=carl.seats.get(), by=alma)
    assert tier(carl) == Tier.READER
    assert kinds() == [("seat-removed", carl.email)]


def test_the_managers_seat_is_handed_over_and_not_removed(organisation, carl, alma):
    with pytest.raises(NotNow):
        seats.remove(seat=alma.seats.get(), by=alma)
    seats.hand_over(seat=carl.seats.get(), by=alma)
    now = Seat.objects.holding(timezone.now())
    assert {(seat.user, seat.number) for seat in now} == {(carl, 1), (alma, 2)}
    assert {tier(alma), tier(carl)} == {Tier.LEADERSHIP_ALLIANCE}
    assert kinds() == [("handed-over", carl.email), ("handed-on", alma.email)]
    with pytest.raises(NotTheManager):
        seats.remove(seat=now.get(user=carl), by=alma)


def test_whoever_leaves_reads_no_further_and_the_manager_is_told(organisation, carl, alma):
    for _ in range(2):
        seats.leave(seat=carl.seats.get(), by=carl)
    assert tier(carl) == Tier.READER
    assert kinds() == [("seat-left", alma.email)]
    entry = AuditEntry.objects.get(verb="seat.changed")
    assert (entry.actor, entry.subject_id) == (carl.pk, carl.seats.get().pk)


def test_the_manager_leaves_only_by_handing_over_and_nobody_leaves_for_somebody_else(organisation, carl, alma, mina):
    was_carls = carl.seats.get()
    with pytest.raises(NotNow):
        seats.leave(seat=alma.seats.get(), by=alma)
    for somebody in (alma, mina):
        with pytest.raises(NotYourSeat):
            seats.leave(seat=was_carls, by=somebody)
    seats.hand_over(seat=was_carls, by=alma)
    seats.leave(seat=was_carls, by=carl)  # from a page opened before: it has ended already
    with pytest.raises(NotNow):
        seats.leave(seat=carl.seats.get(ends_at=None), by=carl)
    assert Seat.objects.holding(timezone.now()).count() == 2


def test_a_seat_that_has_ended_is_not_handed_to(organisation, carl, alma):
    seat = carl.seats.get()
    seats.remove(seat=seat, by=alma)
    with pytest.raises(NotNow):
        seats.hand_over(seat=seat, by=alma)


def test_every_mail_about_a_seat_can_be_written(organisation, carl, alma):
    invitation = invite(organisation)
    mailing.deliver()
    seats.accept(invitation=invitation, user=make_user("new@example.org", name="Nora"))
    seats.hand_over(seat=carl.seats.get(), by=alma)
    seats.remove(seat=Seat.objects.get(user__name="Nora"), by=carl)
    seats.leave(seat=alma.seats.get(ends_at=None), by=alma)
    mailing.deliver()
    assert {mail.kind for mail in OutgoingMail.objects.filter(sent_at=None)} == set()
    assert len(mail.outbox) == 7
    assert mail.outbox[-1].subject.endswith("has left a seat of Example Networks")
    assert "Nora has taken a seat of Example Networks" in " ".join(message.subject for message in mail.outbox)


# --- The pages --------------------------------------------------------------------------------------------------------


def test_the_manager_sees_seats_and_invites_from_the_account_page(client, organisation, carl, alma):
    client.force_login(alma)
    page = client.get("/account/").text
    for words in ("Seat 1: ", "(manager)", "Carl", "Invite a colleague"):
        assert words in page
    answer = client.post(f"/account/organisations/{organisation.pk}/invite/", {"email": "new@example.org"}, follow=True)
    assert "An invitation to new@example.org is on its way." in answer.text
    assert "Offered to new@example.org" in answer.text


def test_where_the_membership_has_ended_nobody_is_invited_and_the_manager_renews(client, alma, otto):
    ledger.end_grant(grant=Grant.objects.get(), by=otto, reason="a test")
    client.force_login(alma)
    page = client.get("/account/").text
    assert ("Invite a colleague" in page, "Renew the membership" in page) == (False, True)


def test_the_answer_is_the_same_for_addresses_known_and_unknown(client, organisation, alma, mina):
    client.force_login(alma)
    told = []
    for email in (mina.email, "nobody@example.org"):
        answer = client.post(f"/account/organisations/{organisation.pk}/invite/", {"email": email}, follow=True)
        text = answer.text.replace(email, "X")
        told.append([line for line in text.splitlines() if "csrf" not in line])
        Invitation.objects.all().delete()
    assert told[0] == told[1]


@pytest.mark.parametrize("email", ["", "not an address", "аlma@example.org", "a@b", "x" * 300 + "@example.org"])
def test_a_bad_address_is_told_beside_its_field_and_stays(client, organisation, alma, email):
    client.force_login(alma)
    answer = client.post(f"/account/organisations/{organisation.pk}/invite/", {"email": email})
    assert answer.status_code == 200
    assert 'id="id_email_error"' in answer.text
    assert email in answer.text
    assert not Invitation.objects.exists()


def test_others_manage_nothing(client, organisation, carl, alma, mina, otto):
    invitation = invite(organisation)
    seat = carl.seats.get()
    stranger_manager = make_user()
    give(Tier.LEADERSHIP_ALLIANCE, make_organisation(stranger_manager, name="Other"))
    addresses = [
        f"/account/organisations/{organisation.pk}/invite/",
        f"/account/invitations/{invitation.pk}/withdraw/",
        f"/account/seats/{seat.pk}/remove/",
        f"/account/seats/{seat.pk}/hand-over/",
        f"/account/seats/{alma.seats.get().pk}/remove/",
    ]
    for user in (carl, mina, otto, stranger_manager):
        client.force_login(user)
        for address in addresses:
            assert client.post(address, {"email": "x@example.org"}).status_code == 404
    client.logout()
    assert {client.post(address).status_code for address in addresses} == {302}
    assert Seat.objects.holding(timezone.now()).count() == 3
    assert Invitation.objects.open(timezone.now()).count() == 1


@pytest.mark.parametrize("what", ["remove", "hand-over"])
def test_a_seat_is_moved_on_the_second_click(client, carl, alma, what):
    client.force_login(alma)
    address = f"/account/seats/{carl.seats.get().pk}/{what}/"
    assert "Leave it as it is" in client.get(address).text
    assert carl.seats.get().ends_at is None
    assert client.post(address).url == "/account/"
    assert carl.seats.filter(number=2, ends_at__isnull=False).exists()


def test_a_colleague_leaves_their_own_seat_on_the_second_click(client, carl, alma, mina):
    address = f"/account/seats/{carl.seats.get().pk}/leave/"
    client.force_login(carl)
    assert f'href="{address}"' in client.get("/account/").text
    assert "Leave it as it is" in client.get(address).text
    assert tier(carl) == Tier.LEADERSHIP_ALLIANCE
    for other in (alma, mina):
        client.force_login(other)
        assert client.post(address).status_code == 404
    assert client.post(f"/account/seats/{alma.seats.get().pk}/leave/").status_code == 404
    client.force_login(carl)
    assert "You have left your seat of Example Networks." in client.post(address, follow=True).text
    assert client.post(address).status_code == 404
    assert tier(carl) == Tier.READER


def follow(client, invitation):
    """Where the link in the mail leads to."""
    return client.get(f"/account/invitation/{invitation.token}/", follow=True)


def test_an_invitations_link_shows_a_button_and_does_nothing(client, organisation):
    invitation = invite(organisation)
    stranger = follow(client, invitation)
    assert (stranger["Cache-Control"], stranger["Referrer-Policy"]) == ("private, no-store", "same-origin")
    assert "Take the seat" not in stranger.text
    assert f"/accounts/login/?next={OFFER}" in stranger.text
    assert client.post(OFFER).status_code == 200
    user = make_user("new@example.org")
    client.force_login(user)
    assert "Take the seat" in follow(client, invitation).text
    assert Seat.objects.count() == 1
    assert client.post(OFFER).url == "/account/"
    assert tier(user) == Tier.LEADERSHIP_ALLIANCE


def test_the_secret_of_a_link_stands_in_no_further_address_and_on_no_page(client, organisation):
    invitation = invite(organisation)
    first = client.get(f"/account/invitation/{invitation.token}/")
    assert (first.status_code, first.url, first["X-Robots-Tag"]) == (302, OFFER, "noindex, noarchive")
    page = client.get(OFFER)
    for address in re.findall(r'href="(/accounts/[^"]+)"', page.text):
        page = client.get(address)
        assert invitation.token not in page.text
    assert invitation.token not in client.get(OFFER).text


def test_a_new_account_comes_back_to_the_invitation_by_itself(client, organisation):
    page = follow(client, invite(organisation))
    sign_up = html.unescape(re.search(r'href="(/accounts/signup/[^"]+)"', page.text)[1])
    form = client.get(sign_up)
    next_one = re.search(r'name="next" value="([^"]+)"', form.text)[1]
    asked = client.post(sign_up, {"email": "new@example.org", "next": next_one, **NEW_PASSWORD}, follow=True)
    confirmed = client.post(
        asked.redirect_chain[-1][0], {"action": "verify", "code": code_in(mail.outbox[-1])}, follow=True
    )
    assert confirmed.redirect_chain[-1][0] == OFFER
    assert "Take the seat" in confirmed.text
    assert client.post(OFFER).url == "/account/"
    assert tier(User.objects.get(email="new@example.org")) == Tier.LEADERSHIP_ALLIANCE
    assert client.get(OFFER).url == "/account/"


def test_whoever_confirmed_in_another_browser_finds_the_invitation_on_their_page(client, organisation, mina):
    invitation = invite(organisation, "Nora@example.org")
    nora = make_user("nora@example.org")
    client.force_login(nora)
    assert client.get(OFFER).url == "/account/"
    assert "Alma offers you a seat of Example Networks" in " ".join(client.get("/account/").text.split())
    client.force_login(mina)
    assert "offers you a seat" not in client.get("/account/").text
    client.force_login(nora)
    for _ in range(2):
        assert client.post(f"/account/invitations/{invitation.pk}/accept/").url == "/account/"
    assert "does not hold any more" in client.get("/account/").text
    assert Seat.objects.holding(timezone.now()).filter(user=nora).count() == 1


def test_an_address_that_is_not_confirmed_is_shown_no_invitation_and_takes_none(client, organisation):
    invitation = invite(organisation)
    somebody = make_user("somebody@example.org")
    EmailAddress.objects.create(user=somebody, email="new@example.org", verified=False)
    client.force_login(somebody)
    assert "offers you a seat" not in client.get("/account/").text
    client.post(f"/account/invitations/{invitation.pk}/accept/")
    follow(client, invitation)
    assert "This invitation is for another address." in client.post(OFFER).text
    assert Seat.objects.count() == 1


@pytest.mark.parametrize("end", ["expired", "withdrawn", "accepted by somebody"])
def test_an_invitation_that_ends_on_the_way_gives_no_seat(client, organisation, end):
    invitation, user = invite(organisation), make_user("new@example.org")
    follow(client, invitation)
    if end == "expired":
        Invitation.objects.update(expires_at=timezone.now())
    elif end == "withdrawn":
        seats.withdraw_invitation(invitation=invitation, by=invitation.invited_by)
    else:
        seats.accept(invitation=invitation, user=user)
        seats.leave(seat=user.seats.get(), by=user)
    client.force_login(user)
    assert "offers you a seat" not in client.get("/account/").text
    assert client.post(f"/account/invitations/{invitation.pk}/accept/").url == "/account/"
    assert client.post(OFFER).status_code in {302, 404}
    assert not Seat.objects.holding(timezone.now()).filter(user=user).exists()


def test_a_session_that_is_somebody_elses_by_now_takes_no_invitation_along(client, organisation, mina):
    client.force_login(mina)
    follow(client, invite(organisation))
    client.logout()
    assert client.get(OFFER).status_code == 404


def test_an_invitation_for_somebody_else_says_so_without_saying_for_whom(client, organisation, mina):
    invitation = invite(organisation)
    client.force_login(mina)
    follow(client, invitation)
    answer = client.post(OFFER, {"email": "new@example.org", "user": "1"})
    assert "This invitation is for another address." in answer.text
    assert Seat.objects.count() == 1
    assert "new@example.org" not in answer.text


@pytest.mark.parametrize("token", ["0" * 64, "x", "a-b_c"])
def test_links_that_lead_nowhere_look_alike(client, organisation, token):
    gone = invite(organisation)
    seats.withdraw_invitation(invitation=gone, by=gone.invited_by)
    answers = [client.get(f"/account/invitation/{one}/", follow=True) for one in (token, gone.token)]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].text == answers[1].text
