from django.db import migrations

ABOUT = """\
Assay publishes profiles of institutions: organisations, registries, companies, government bodies, programmes and
products. Each profile carries a confidence grade, and each grade carries its working.

# Why there is a grade

Five links look like five witnesses. Often they are one: a single report, and four papers that repeat it. Assay follows
every source to where it got its facts, counts independent origins in place of links, and prints what it found: which
source repeats which, how far each is trusted, what each adds to the grade and what speaks against it.

A grade says how much of the doubt independent lines of evidence remove. It is not the probability that something is
true. A grade of 0.00 means that nothing is on file, or that what was on file has been refuted. It does not mean "false".

# Who writes

An author drafts a profile, a reviewer reads it, and both names stand on the page. The text changes only when a new
version has been approved. The grade follows the evidence: when a source, a publisher's reliability letter or a link
between two sources changes, every profile that rests on it is graded again, and its history says what moved it.

# What we do when we are wrong

We say so. A correction stands on the profile and on the [corrections](/corrections/) page and is never removed. If it
turns out to be wrong itself, a later one supersedes it and both stay. Please
[report whatever looks wrong to you](/contact/).

# What is open

Profiles, grades and their working, publishers, corrections and the [method](/methodology/) are open to everybody.
Briefings and the analysts' notes on sources are open to [members](/membership/). Membership costs nothing. No grade
rests on anything that only members may read.
"""

PRIVACY = """\
This page says what the site learns about you and what it keeps. It describes the software as it is delivered; whoever
runs this site is answerable for it.

# If you only read

You need no account, and no cookie is set. Pages, fonts and pictures all come from this site: your browser asks nobody
else for anything. There is no analytics, no advertising and no tracking picture. Like any web server, the one that
serves these pages, or a proxy in front of it, may write an access log with addresses and times; how long that is kept
is decided by whoever runs it.

# If you have an account

We keep your email address, whether you have confirmed it, your name if you give one, a one-way hash of your password,
when you joined and when you last logged in. Logging in sets two cookies: one that keeps you logged in, and one that
protects forms from being sent in your name by other sites. Both serve that purpose only, and logging out ends the session. No
cookie is set for anything else, so there is no banner to click away.

The address is used to let you in, to confirm it and to reset your password.

# If you apply to the Leadership Alliance

We keep what you write, each version of it, the document you hand in, and what was decided, by whom and why. Only you and
the membership officers read it. The registry of the resources you name is asked whether your address is one of its
contacts; your address itself is not sent there. Your document is removed 90 days after an application that ended without
approval. Of a colleague whom you invite we keep the address, for the invitation.

# If you report an error

The contact form keeps your message, the profile it is about and, if you give them, your name and address. They wait on
the editors' desk until the report is settled, and are kept with the answer as the record of what was found. Opening the form sets the cookie that
protects forms. So that nobody can flood the desk, a digest of your network address is kept for an hour; the address
itself is not stored with the report. Attempts to log in or to open an account are counted by network address for a
short time too, to slow down whoever guesses passwords.

# If you follow something, or get the newsletter

What you follow and how often you want to be told is kept until you change it or close your account. For the newsletter
we keep your address and the days on which it was asked for and confirmed; an address that nobody confirms is forgotten
after seven days, and one that unsubscribes at once. So that nobody can use the form to fill a stranger's mailbox, digests
of the address and of the network address it came from are kept for a day. Mails carry no picture and no link that tells
us whether you read them; the record that one was sent is kept for a month.

# What we do not do

Nothing about readers or members is sold, rented or given to advertisers.

# Your rights

You may ask what is stored about you, have it corrected, or have it erased. Use the [contact form](/contact/) and leave
an address at which we can answer.
"""

TERMS = """\
# Reading

You may read everything that is public without an account and without asking. You may link to any page. Addresses are
kept: when a profile is renamed, its old address leads to the new one.

# Using the texts

The public texts of profiles are published under the
[Creative Commons Attribution 4.0 licence](https://creativecommons.org/licenses/by/4.0/). You may copy, change and
republish them, commercially too, as long as you name Assay, link to the profile and say what you changed. Please give
the grade together with its date: it moves when the evidence does.

Pictures carry their own credit, which says under which terms they may be used. Titles and texts of the sources we cite
belong to their publishers; we quote titles and link to the originals.

Briefings and source notes that are open to members only are for the reading of those members and are not under that licence.

# Accounts

An account is for one person. Keep its password to yourself. Do not use it to copy gated texts for others, or to
burden the site so that others cannot read it; an account that does may be suspended.

# What a grade is worth

A profile tells what public sources say and how far they can be relied on, as of the day printed beside the grade. It is
not legal, financial or security advice, and it is not a finding of fact about any person. We work with care and correct
our errors in public, but we cannot promise that a text is complete or free of error, and decisions you take on it
are your own.

# Changes

When these terms change, the date below changes with them.
"""

PAGES = {"about": ("About Assay", ABOUT), "privacy": ("Privacy", PRIVACY), "terms": ("Terms", TERMS)}


def unfold(text):
    """Lines are broken above for whoever reads this file; the desk gets one line for each paragraph."""
    return "\n\n".join(" ".join(part.split("\n")) for part in text.strip().split("\n\n")) + "\n"


def write_pages(apps, schema_editor):
    Page = apps.get_model("profiles", "Page")
    for slug, (title, body) in PAGES.items():
        # What an editor has written already is theirs.
        Page.objects.get_or_create(slug=slug, defaults={"title": title, "body": unfold(body)})


class Migration(migrations.Migration):
    dependencies = [("profiles", "0002_promises_across_rows")]
    operations = [migrations.RunPython(write_pages, migrations.RunPython.noop)]
