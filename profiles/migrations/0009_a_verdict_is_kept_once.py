import profiles.models.verdict
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("profiles", "0008_publishers_records")]

    operations = [
        migrations.AddField(
            model_name="gradingstate",
            name="fingerprint",
            field=models.CharField(
                db_default="",
                default="",
                help_text="Of the verdict, while the profile is live: the same again has nothing to write.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="gradingstate",
            name="verdict",
            field=profiles.models.verdict.VerdictField(
                help_text="The whole verdict with its working, as of that day.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="grade",
            name="verdict",
            field=profiles.models.verdict.VerdictField(),
        ),
    ]
