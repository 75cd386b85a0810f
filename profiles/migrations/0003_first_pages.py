from django.db import migrations

ABOUT = """\
Assay publishes profiles of institutions: organisations, registries, companies, government bodies, programmes and
products. Each profile carries a confidence grade, and each grade carries its working.

# Why there is a grade

Five links look like five witnesses. Often they are one: a single report, and four papers that repeat it. Assay follows
every source to where it got its facts, counts independent origins in place of links, and prints what it found: which
source repeats which, how far each is trusted, what each adds to the grade and what speaks against it.

A grade says how much of the doubt independent lines of evidence remove. It is not the probability that something is
true. A grade of 0.00 means that nothing is on file, or that what was on file has been refuted. It does not mean “false”.

# Who writes

An author drafts a profile, a reviewer reads it, and both names stand on the page. The text changes only when a new
version has been approved. The grade follows the evidence: when a source, a publisher’s reliability letter or a link
between two sources changes, every profile that rests on it is graded again, and its history says what moved it.

# What we do when we are wrong

We say so. A correction stands on the profile, on the [corrections](/corrections/) page and in the [feed](/feed/), and is
never changed or removed. If it turns out to be wrong itself, a later one supersedes it and both stay. Please
[report whatever looks wrong to you](/contact/): an editor reads every report, and answers where an address was left.

# What is open

Profiles, grades and their working, publishers, corrections and the [method](/methodology/) are open to everybody.
Briefings and the analysts’ notes on sources are open to [members](/membership/). Membership costs nothing. No grade
rests on anything that only members may read.

# Who runs this site

Whoever runs this copy of Assay is named at the foot of each page, if they have filled that in; the [contact
page](/contact/) reaches them in any case.
"""

PRIVACY = """\
This page lists what the site holds about you, why, and for how long. It describes the software as it is delivered; whoever
runs this site, named at the foot of the page, is answerable for it.

# If you only read

You need no account, and no cookie is set. Pages, fonts and pictures all come from this site: your browser asks nobody
else for anything, and no third party learns that you were here. There is no advertising and no tracking picture.

We count how often the page of each profile is opened on a day, and how often briefings are. What is kept is the number:
nothing about who opened it, from where, with what or in which order.

Like any web server, the one that serves these pages, or a proxy in front of it, may write an access log with addresses and
times; whether it does, and for how long, is decided by whoever runs it.

# If you have an account

We keep your email address and whether you have confirmed it, your name if you give one, a one-way hash of your
password, when you joined and when you last logged in; and, if you set them up, your authenticator app, the public keys
of your passkeys, and your recovery codes.

Logging in sets three cookies: one that keeps you logged in, one that says no more than that somebody is, and one that
protects forms from being sent in your name by other sites. None serves anything else, so there is no banner to click
away. For each browser you are logged in with, the list in your account shows its network address, its name and when it
was last seen. Logging out ends a session; otherwise it ends after two weeks. What was noted about it is removed
within a day of its end.

Attempts to log in and to open an account are counted by network address and by account for a short time, to slow down
whoever guesses passwords.

# If you are a member

A ledger says which tier you have or had, from when to when, how it came about and who gave it; it says the same of seats,
and of suspensions with their reason. It is never rewritten, so that it can be checked later why somebody could read
something. An application to the Leadership Alliance is kept with what you write in it, the documents you hand in, what
registries answered about the number resources you name, and what was decided. Officers of the membership read
it, nobody else.

If you follow profiles or ask for alerts, we keep what you follow and how often you want to hear of it, until you end it.

# Mails

A mail to you waits in an outbox until it is sent. The outbox holds your address, what kind of mail it is and what it is
about, and not its text; the entry is removed 30 days after the mail has left. An address from which mails come back, or whose
owner wants none, is put on a list of addresses that get none.

# If you report something

The [contact form](/contact/) keeps your message, the profile it is about and, if you give them, your name and address.
They are for the editors who answer you, and for nothing else. 180 days after your report has been answered or closed,
name and address are removed; what you reported and what was answered stays. Opening the form sets the cookie that protects
forms. So that nobody can flood the desk, a digest of your network address is kept for an hour; the address itself is
not kept.

# The audit

Changes of what somebody may read or do, of what is published and of how sources are rated leave an entry that says when it was
done and under which account number, and is never removed. Entries hold no name and no address. When somebody is
erased, what might speak of them is blanked.

# Who sees it

The people who run this site, each what their part needs. Nothing about readers or members is sold, rented or given to
advertisers. Mails pass through the mail server that this site uses; backups hold what the database holds, for as long as whoever
runs the site keeps them.

# Your rights

You may ask what is stored about you, have it corrected, or have it erased. Use the [contact form](/contact/) and leave
an address at which we can answer. When an account is erased, what remains in the ledger and the audit is a number without a
name.
"""

TERMS = """\
# Reading

You may read everything that is public without an account and without asking. You may link to any page. Addresses are
kept: when a profile is renamed, its old address leads to the new one.

# Using the texts

The public texts of profiles are published under the
[Creative Commons Attribution 4.0 licence](https://creativecommons.org/licenses/by/4.0/). You may copy, change and
republish them, commercially too, as long as you name this site, link to the profile and say what you changed. Please give
the grade together with its date: it moves when the evidence does.

Pictures carry their own credit, which says under which terms they may be used. Titles and texts of the sources we cite
belong to their publishers; we quote titles and link to the originals.

Briefings and source notes that are open to members only are for the reading of those members and are not under that licence.

# Accounts

An account is for one person. Keep its password to yourself. Do not use it to copy gated texts for others, or to
burden the site so that others cannot read it; an account that does may be suspended, and its owner is told why.

# Reports

What you report through the contact form may be used to correct a profile. Your name and your words are not published.

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
