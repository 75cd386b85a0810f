"""The public part of a dossier: a YAML file that holds one profile with everything it rests on."""
