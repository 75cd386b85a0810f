"""The drain loop with hardly a pause between two looks: what is tested is that it looks again, not when."""

import django
from django.core.management import call_command

PAUSE = 0.2

if __name__ == "__main__":
    django.setup()

    from profiles.management.commands import drain

    drain.PAUSE = PAUSE
    call_command("drain", "--loop")
