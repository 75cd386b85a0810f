import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("briefings", "0004_gated_rows_go_with_what_they_are_about")]
    operations = [
        # Without a default first: the briefings there are would all be new to everybody.
        migrations.AddField("teaser", "added_at", models.DateTimeField(editable=False, null=True)),
        migrations.AlterField(
            "teaser", "added_at", models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True)
        ),
        migrations.AlterModelOptions("teaser", {"ordering": ["profile", "tier"], "verbose_name": "briefing"}),
        migrations.CreateModel(
            "Cited",
            fields=[],
            options={"verbose_name": "cited source", "proxy": True, "default_permissions": (), "indexes": [], "constraints": []},
            bases=("profiles.citation",),
        ),
    ]
