"""What the demo shows: dossiers with their pictures, and accounts for every kind of reader."""

from pathlib import Path

DOSSIERS = sorted(Path(__file__).parent.glob("*.yaml"))
