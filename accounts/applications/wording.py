"""What registries and DNS answered, told again: checks keep it in English, and applicants read it in their own language."""

from django.utils.translation import gettext_noop

from config.inwords import told_again

# Each sentence that rdap.py, txt.py, web.py and evidence.py make; where one varies, it has a name here.
ANSWERS = (
    gettext_noop("The registry knows of no such resource."),
    gettext_noop("It answered about something else than was asked."),
    gettext_noop("The applicant's address is that of a contact: %(role)s."),
    gettext_noop("The registry shows no contact with an address."),
    gettext_noop("Contacts with an address: %(number)s. None is the applicant's."),
    gettext_noop("The record is not there."),
    gettext_noop("DNS did not answer (%(error)s)."),
    gettext_noop("There is a record of that name, and it says something else."),
    gettext_noop("The record is there and says what was asked for."),
    gettext_noop("It did not answer within %(number)s seconds."),
    gettext_noop("It could not be asked (%(error)s)."),
    gettext_noop("It answered with HTTP %(status)s."),
    gettext_noop("Its answer was no JSON."),
    gettext_noop("It sent us on more than %(number)s times."),
    gettext_noop("It has no address."),
    gettext_noop("Its answer was of another type than asked for."),
    gettext_noop("Its answer was packed, which was not asked for."),
    gettext_noop("Its answer was longer than %(number)s bytes."),
    gettext_noop("It sent us to an address that we do not ask."),
    gettext_noop("It sent us to something that is no address."),
    gettext_noop("It sent us to an address that is not public."),
    gettext_noop("No longer asked: the application was changed or closed."),
)


def answer_in_words(stored: str) -> str:
    return told_again(stored, ANSWERS)
