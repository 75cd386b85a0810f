from django.db import migrations

# The trigger of 0013 writes the words of each row that is touched.
TOUCH = "UPDATE profiles_revision SET words = NULL WHERE words IS NULL"


class Migration(migrations.Migration):
    dependencies = [("profiles", "0013_words_to_be_found_by")]
    operations = [migrations.RunSQL(TOUCH, migrations.RunSQL.noop)]
