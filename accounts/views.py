from allauth.account.models import EmailAddress
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
@login_required
def account_home(request: HttpRequest) -> HttpResponse:
    """The reader's own page."""
    verified = EmailAddress.objects.filter(user=request.user.pk, verified=True).exists()
    return render(request, "accounts/account_home.html", {"verified": verified})
