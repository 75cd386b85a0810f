from django.db import migrations

BEGIN = """
    INSERT INTO briefings_briefingevent (teaser_id, body, pgh_obj_id, pgh_created_at, pgh_label)
    SELECT teaser_id, body, teaser_id, now(), 'baseline' FROM briefings_briefing;
    INSERT INTO briefings_teaserevent
        (id, profile_id, tier, title, summary, contents, added_at, pgh_obj_id, pgh_created_at, pgh_label)
    SELECT id, profile_id, tier, title, summary, contents, added_at, id, now(), 'baseline' FROM briefings_teaser;
    INSERT INTO briefings_sourcenoteevent (citation_id, profile_id, tier, body, pgh_obj_id, pgh_created_at, pgh_label)
    SELECT citation_id, profile_id, tier, body, citation_id, now(), 'baseline' FROM briefings_sourcenote;"""


class Migration(migrations.Migration):

    dependencies = [
        ('briefings', '0007_what_gated_rows_once_said'),
    ]

    operations = [
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
