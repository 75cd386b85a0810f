from django.db import migrations

# Members have read each of them: it is the first revision of its briefing, and up. When it went up is when it was added;
# of those from before that was noted, no later than the text of its profile.
FILL = """
    UPDATE briefings_teaser AS teaser SET stage = 'published', current = true, approved_at = coalesce(
        teaser.added_at,
        (SELECT min(revision.approved_at) FROM profiles_revision revision WHERE revision.profile_id = teaser.profile_id),
        now());"""


class Migration(migrations.Migration):

    dependencies = [
        ('briefings', '0010_briefings_go_by_stages'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
