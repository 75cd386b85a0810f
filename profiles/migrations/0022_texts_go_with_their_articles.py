from django.db import migrations

# The database takes a text along with its article; the one who deletes may not be allowed to look for it.
CASCADE = """
    DO $$ DECLARE edge text; BEGIN
    SELECT conname INTO edge FROM pg_constraint WHERE conrelid = 'profiles_intaketext'::regclass AND contype = 'f';
    EXECUTE format('ALTER TABLE profiles_intaketext DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (intake_id)'
                   ' REFERENCES profiles_intake (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED', edge, edge);
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [('profiles', '0021_intake')]
    operations = [migrations.RunSQL(CASCADE, migrations.RunSQL.noop)]
