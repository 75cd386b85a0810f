from django.db import migrations

# Whoever deletes a citation or a profile may have no right to look at the notes on it, so the database takes them along.
CASCADE = """
    DO $$ DECLARE edge record; BEGIN
    FOR edge IN
        SELECT con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent, att.attname AS col
        FROM pg_constraint con
        JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
        JOIN (VALUES ('briefings_teaser', 'profile_id'), ('briefings_briefing', 'teaser_id'),
                     ('briefings_sourcenote', 'citation_id'), ('briefings_notecount', 'profile_id')) AS owned (child, col)
          ON owned.child = con.conrelid::regclass::text AND owned.col = att.attname
        WHERE con.contype = 'f' AND array_length(con.conkey, 1) = 1
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s'
                       ' ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
                       edge.child, edge.conname, edge.conname, edge.col, edge.parent);
    END LOOP; END $$;
"""

# A note names its profile beside its citation, so that it can be counted without a join; when the citation moves, so
# does the note.
NOTES_AGREE = """
    ALTER TABLE profiles_citation ADD CONSTRAINT citation_of_its_profile UNIQUE (id, profile_id);
    ALTER TABLE briefings_sourcenote
        ADD CONSTRAINT note_as_its_citation FOREIGN KEY (citation_id, profile_id)
            REFERENCES profiles_citation (id, profile_id) ON UPDATE CASCADE ON DELETE CASCADE;
"""
NOTES_DO_NOT = """
    ALTER TABLE briefings_sourcenote DROP CONSTRAINT note_as_its_citation;
    ALTER TABLE profiles_citation DROP CONSTRAINT citation_of_its_profile;
"""


class Migration(migrations.Migration):
    replaces = [("briefings", "0004_gated_rows_go_with_what_they_are_about")]
    dependencies = [("briefings", "0001_initial"), ("profiles", "0002_promises_across_rows")]
    operations = [
        migrations.RunSQL(CASCADE, migrations.RunSQL.noop),
        migrations.RunSQL(NOTES_AGREE, NOTES_DO_NOT),
    ]
