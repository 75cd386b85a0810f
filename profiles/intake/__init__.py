"""Taking in an article: fetching it, reading it, and proposing what it repeats. Nothing is linked by itself."""
