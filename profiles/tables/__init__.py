"""Sources and citations as tables, out and in: looked at first with the grades that would move, then all of it or nothing."""
