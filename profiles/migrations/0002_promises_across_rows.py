from django.db import migrations

# A link names its profile and source beside its citation, so that "one judgement has a source once" is a unique
# constraint; the composite keys hold the copies true when a citation moves or changes its source.
LINKS_AGREE = """
    ALTER TABLE profiles_judgementcitation
        ADD CONSTRAINT link_as_its_citation FOREIGN KEY (citation_id, profile_id, source_id)
            REFERENCES profiles_citation (id, profile_id, source_id) ON UPDATE CASCADE ON DELETE CASCADE,
        ADD CONSTRAINT link_as_its_judgement FOREIGN KEY (judgement_id, profile_id)
            REFERENCES profiles_judgement (id, profile_id) ON UPDATE CASCADE ON DELETE CASCADE;
    ALTER TABLE profiles_facetvalue
        ADD CONSTRAINT value_of_its_facet FOREIGN KEY (term_id, facet)
            REFERENCES profiles_term (id, facet) ON UPDATE CASCADE;
"""
LINKS_DO_NOT = """
    ALTER TABLE profiles_judgementcitation DROP CONSTRAINT link_as_its_citation, DROP CONSTRAINT link_as_its_judgement;
    ALTER TABLE profiles_facetvalue DROP CONSTRAINT value_of_its_facet;
"""

# A row deleted by hand takes with it what makes no sense without it, and the triggers of what goes see it go.
CASCADE = """
    DO $$ DECLARE edge record; BEGIN
    FOR edge IN
        SELECT con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent, att.attname AS col
        FROM pg_constraint con
        JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
        JOIN (VALUES ('profiles_citation', 'profile_id'), ('profiles_judgement', 'profile_id'),
                     ('profiles_judgementcitation', 'judgement_id'), ('profiles_judgementcitation', 'citation_id'),
                     ('profiles_derivation', 'source_id'), ('profiles_derivation', 'origin_id'),
                     ('profiles_derivation', 'draft_of_id'), ('profiles_gradingstate', 'profile_id'),
                     ('profiles_revision', 'profile_id'), ('profiles_facetvalue', 'revision_id'),
                     ('profiles_correction', 'profile_id'), ('profiles_formerslug', 'profile_id'),
                     ('profiles_intaketext', 'intake_id')) AS owned (child, col)
          ON owned.child = con.conrelid::regclass::text AND owned.col = att.attname
        WHERE con.contype = 'f' AND array_length(con.conkey, 1) = 1
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s'
                       ' ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
                       edge.child, edge.conname, edge.conname, edge.col, edge.parent);
    END LOOP; END $$;
"""

# Marks come and go by the thousand, and a state is rewritten at each grading.
TUNING = """
    ALTER TABLE profiles_mark SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    ALTER TABLE profiles_touch SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    ALTER TABLE profiles_gradingstate SET (fillfactor = 70);
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0001_initial")]
    operations = [
        migrations.RunSQL(LINKS_AGREE, LINKS_DO_NOT),
        migrations.RunSQL(CASCADE, migrations.RunSQL.noop),
        migrations.RunSQL(TUNING, migrations.RunSQL.noop),
    ]
