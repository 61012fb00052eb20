"""A page that says who is signed in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie


@ensure_csrf_cookie
@login_required(login_url="oidc_authentication_init")
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.user.email}, {', '.join(request.session['roles'])}")


def left(request: HttpRequest) -> HttpResponse:
    return HttpResponse("signed in" if request.user.is_authenticated else "signed out")


urlpatterns = [path("", home), path("left", left), path("oidc/", include("mozilla_django_oidc.urls"))]
