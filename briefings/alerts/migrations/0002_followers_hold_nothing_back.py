from django.db import migrations

# Whoever removes a publisher, a term, a briefing or a correction need not know that somebody follows it or was told of it.
CASCADE = """
    DO $$ DECLARE edge record; BEGIN
    FOR edge IN
        SELECT con.conname, con.conrelid::regclass AS child, con.confrelid::regclass AS parent, att.attname AS col
        FROM pg_constraint con
        JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
        WHERE con.contype = 'f' AND con.conrelid IN ('alerts_follow'::regclass, 'alerts_news'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s'
                       ' ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
                       edge.child, edge.conname, edge.conname, edge.col, edge.parent);
    END LOOP; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_follows_and_news")]
    operations = [migrations.RunSQL(CASCADE, migrations.RunSQL.noop)]
