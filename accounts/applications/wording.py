"""What registries and DNS answered, told again: checks keep it in English, and applicants read it in their own language."""

from django.utils.translation import gettext_noop as _

from config.inwords import told_again

# Each sentence that rdap.py, txt.py, web.py and evidence.py make; where one varies, it has a name here.
ANSWERS = (
    _("The registry knows of no such resource."),
    _("It answered about something else than was asked."),
    _("The applicant's address is that of a contact: %(role)s."),
    _("The registry shows no contact with an address."),
    _("Contacts with an address: %(number)s. None is the applicant's."),
    _("The record is not there."),
    _("DNS did not answer (%(error)s)."),
    _("There is a record of that name, and it says something else."),
    _("The record is there and says what was asked for."),
    _("It did not answer within %(number)s seconds."),
    _("It could not be asked (%(error)s)."),
    _("It answered with HTTP %(status)s."),
    _("Its answer was no JSON."),
    _("It sent us on more than %(number)s times."),
    _("It has no address."),
    _("Its answer was of another type than asked for."),
    _("Its answer was packed, which was not asked for."),
    _("Its answer was longer than %(number)s bytes."),
    _("It sent us to an address that we do not ask."),
    _("It sent us to something that is no address."),
    _("It sent us to an address that is not public."),
    _("No longer asked: the application was changed or closed."),
)


def answer_in_words(stored: str) -> str:
    return told_again(stored, ANSWERS)
