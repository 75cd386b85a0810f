from django.db import migrations

KEPT = (
    "publisher", "source", "derivation", "profile", "revision", "facetvalue", "correction", "judgement", "citation",
    "judgementcitation",
)  # fmt: skip
OF_THE_HISTORY = {"pgh_id", "pgh_created_at", "pgh_label", "pgh_obj", "actor", "reason"}


def begin(apps, schema_editor):
    """Write down each row as it is, so that its first change has something to be compared with."""
    for name in KEPT:
        event = apps.get_model("profiles", f"{name}event")
        columns = [field.column for field in event._meta.local_fields if field.name not in OF_THE_HISTORY]
        listed = ", ".join(f'"{column}"' for column in columns)
        schema_editor.execute(
            f"INSERT INTO profiles_{name}event ({listed}, pgh_obj_id, pgh_created_at, pgh_label)"
            f" SELECT {listed}, id, now(), 'baseline' FROM profiles_{name}"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0028_what_every_row_once_said'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
