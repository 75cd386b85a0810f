import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('briefings', '0001_initial'),
        ('profiles', '0011_a_day_ahead_is_found_at_once'),
    ]

    operations = [
        migrations.CreateModel(
            name='NoteCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.PositiveSmallIntegerField(choices=[(1, 'Strategic Circle'), (2, 'Leadership Alliance')])),
                ('number', models.PositiveIntegerField()),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='note_counts', to='profiles.profile')),
            ],
            options={
                'ordering': ['profile', 'tier'],
            },
        ),
        migrations.AddConstraint(
            model_name='notecount',
            constraint=models.UniqueConstraint(fields=('profile', 'tier'), name='one_count_per_tier'),
        ),
        migrations.AddField(
            model_name='sourcenote',
            name='profile',
            field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='profiles.profile'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sourcenote',
            trigger=pgtrigger.compiler.Trigger(name='profile_of_its_citation', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n        NEW.profile_id = (SELECT profile_id FROM profiles_citation WHERE id = NEW.citation_id);\n        RETURN NEW;', hash='1892cbc58cf4813a965dce460d9299b3ced23333', operation='INSERT OR UPDATE', pgid='pgtrigger_profile_of_its_citation_bfdf7', table='briefings_sourcenote', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sourcenote',
            trigger=pgtrigger.compiler.Trigger(name='note_add', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n    INSERT INTO briefings_notecount AS c (profile_id, tier, number)\n    SELECT profile_id, tier, more FROM (SELECT profile_id, tier, count(*) AS more FROM new_rows GROUP BY profile_id, tier) AS moves WHERE more > 0 ORDER BY profile_id, tier\n    ON CONFLICT (profile_id, tier) DO UPDATE SET number = c.number + excluded.number; RETURN NULL;', hash='6845476a82e6aa097c95e3e2cb52ebf2b2050e27', level='STATEMENT', operation='INSERT', pgid='pgtrigger_note_add_47052', referencing='REFERENCING NEW TABLE AS new_rows ', table='briefings_sourcenote', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sourcenote',
            trigger=pgtrigger.compiler.Trigger(name='note_remove', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n    PERFORM FROM briefings_notecount c JOIN (SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier) AS moves USING (profile_id, tier)\n    ORDER BY profile_id, tier FOR UPDATE OF c;\n    UPDATE briefings_notecount c SET number = c.number + moves.more FROM (SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier) AS moves\n    WHERE moves.more < 0 AND c.profile_id = moves.profile_id AND c.tier = moves.tier; RETURN NULL;', hash='6091bc40b4842ebff1d1efafafeb3c5f5be27a8c', level='STATEMENT', operation='DELETE', pgid='pgtrigger_note_remove_854b5', referencing='REFERENCING OLD TABLE AS old_rows ', table='briefings_sourcenote', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sourcenote',
            trigger=pgtrigger.compiler.Trigger(name='note_change', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n    PERFORM FROM briefings_notecount c JOIN (\n    SELECT profile_id, tier, sum(more) AS more FROM (SELECT profile_id, tier, count(*) AS more FROM new_rows GROUP BY profile_id, tier UNION ALL SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier) AS sides\n    GROUP BY profile_id, tier HAVING sum(more) <> 0) AS moves USING (profile_id, tier)\n    ORDER BY profile_id, tier FOR UPDATE OF c;\n    UPDATE briefings_notecount c SET number = c.number + moves.more FROM (\n    SELECT profile_id, tier, sum(more) AS more FROM (SELECT profile_id, tier, count(*) AS more FROM new_rows GROUP BY profile_id, tier UNION ALL SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier) AS sides\n    GROUP BY profile_id, tier HAVING sum(more) <> 0) AS moves\n    WHERE moves.more < 0 AND c.profile_id = moves.profile_id AND c.tier = moves.tier;\n    INSERT INTO briefings_notecount AS c (profile_id, tier, number)\n    SELECT profile_id, tier, more FROM (\n    SELECT profile_id, tier, sum(more) AS more FROM (SELECT profile_id, tier, count(*) AS more FROM new_rows GROUP BY profile_id, tier UNION ALL SELECT profile_id, tier, -count(*) AS more FROM old_rows GROUP BY profile_id, tier) AS sides\n    GROUP BY profile_id, tier HAVING sum(more) <> 0) AS moves WHERE more > 0 ORDER BY profile_id, tier\n    ON CONFLICT (profile_id, tier) DO UPDATE SET number = c.number + excluded.number; RETURN NULL;', hash='149e1b9952cab3bacc11aedeec6bdd515a62ab39', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_note_change_85a70', referencing='REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ', table='briefings_sourcenote', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sourcenote',
            trigger=pgtrigger.compiler.Trigger(name='note_clear', sql=pgtrigger.compiler.UpsertTriggerSql(func='UPDATE briefings_notecount SET number = 0 WHERE number > 0; RETURN NULL;', hash='59359a92868920877982dbe0ae9f8b2579788ce7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_note_clear_bb7da', table='briefings_sourcenote', when='AFTER')),
        ),
    ]
