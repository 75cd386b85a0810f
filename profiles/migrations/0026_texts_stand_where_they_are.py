from django.db import migrations

# What has been approved is published, and a draft is the work of whoever began it.
FILL = """
    UPDATE profiles_revision SET stage = 'published' WHERE approved_at IS NOT NULL;
    UPDATE profiles_revision SET hands = ARRAY[created_by_id] WHERE approved_at IS NULL AND created_by_id IS NOT NULL;"""


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0025_a_text_goes_by_stages'),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
