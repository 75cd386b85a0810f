"""What machines read: the public profiles as JSON, described by OpenAPI, and all grades as two files.

It tells nothing that the pages do not, and reads it the way they do: `profiles/search.py` finds, `profiles/pages/`
reads, `told.py` puts the words of the dossier to it.
"""
