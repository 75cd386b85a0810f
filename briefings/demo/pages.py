"""What the demo's pages on the site say besides: that this is a demonstration, and what that means for who tries it."""

from profiles.models import Page

ABOUT = """\
# This is a demonstration

It runs on one machine, for whoever started it. The profiles are real work on public sources, as of the days they name; the
people who sign them, and every account and organisation, are made up. Nothing here is kept current.
"""
PRIVACY = """\
# This is a demonstration

It runs on one machine, for whoever started it, who can read everything in it. The accounts are made up and share a printed
password. No mail leaves: what would be mailed becomes a file, and everybody who can open this site reads it in the
[outbox](/outbox/). Do not type anything about real people here. Everything is gone with the folder it is kept in.
"""
NOTICES = {"about": ABOUT, "privacy": PRIVACY}


def say_it_is_a_demo() -> None:
    """Put the notice before each page; once."""
    for page in Page.objects.filter(slug__in=NOTICES):
        notice = unfold(NOTICES[page.slug])
        if notice not in page.body:
            page.body = f"{notice}\n{page.body}"
            page.save()


def unfold(text: str) -> str:
    """The desk gets one line for each paragraph."""
    return "\n\n".join(" ".join(part.split("\n")) for part in text.strip().split("\n\n")) + "\n"
