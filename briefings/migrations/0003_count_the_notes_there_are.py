from django.db import migrations

# The triggers of 0002 do both: they write the profile of its citation into each note, and count what they see change.
COUNT = "UPDATE briefings_sourcenote SET tier = tier WHERE profile_id IS NULL"


class Migration(migrations.Migration):
    dependencies = [("briefings", "0002_notes_are_counted")]
    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
