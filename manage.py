#!/usr/bin/env python3
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from config.command import run
    except ModuleNotFoundError as error:
        if error.name != "django":
            raise
        os.execv(sys.executable, [sys.executable, f"{sys.path[0]}/config/bootstrap.py", "manage", *sys.argv[1:]])
    run(sys.argv)
