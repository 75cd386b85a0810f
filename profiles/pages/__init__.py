"""What the public pages show: frozen values, ready for a template. Nothing here knows of a request."""
