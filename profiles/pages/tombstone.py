"""What stands where a profile was withdrawn."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.languages import front_pages


def tombstone(request: HttpRequest) -> HttpResponse:
    """The same words for each withdrawn profile, and nothing of what it said."""
    return render(request, "profiles/profile_withdrawn.html", front_pages(), status=410)
