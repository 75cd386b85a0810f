"""The web server. The site is loaded before the workers are forked, so that they have most of it in common."""

from granian.cli import entrypoint

if __name__ == "__main__":
    import config.wsgi  # noqa: F401

    entrypoint()  # type: ignore[no-untyped-call]
