from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from profiles import actions
from profiles.admin.shared import PUBLISH, DeskAdmin, kept, person_of
from profiles.admin.wording import Worded, WordedForm
from profiles.models import (
    FacetValue,
    Revision,
    Term,
)
from profiles.models.profile import TEXT


class FacetValueFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        facets = [term.get_facet_display() for term in kept(self, "term")]
        if twice := next((facet for facet in facets if facets.count(facet) > 1), None):
            raise forms.ValidationError(f"{twice} is answered twice; a profile has one term for each facet.")


class FacetValueInline(admin.TabularInline):
    model = FacetValue
    formset = FacetValueFormSet
    fields = ["term", "rationale"]
    autocomplete_fields = ["term"]
    extra = 0


@admin.register(Revision)
class RevisionAdmin(DeskAdmin):
    change_form_template = "admin/profiles/revision/change_form.html"
    list_display = ["name", "profile", "number", "approved_at"]
    list_filter = [("approved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["profile"]
    search_fields = ["name", "profile__slug"]
    autocomplete_fields = ["profile", "author", "reviewer", "figure"]
    inlines = [FacetValueInline]
    fields = ["profile", *TEXT]

    def get_readonly_fields(self, request: HttpRequest, obj: Revision | None = None) -> list[str]:
        return ["profile"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.approved_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.approved_at is None)

    def save_model(self, request: HttpRequest, obj: Revision, form: Any, change: bool) -> None:
        if not change:
            obj.number = (obj.profile.revisions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Revision) -> HttpResponse:
        if "_publish" in request.POST:
            return self._publish(request, obj)
        return super().response_change(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_publish"] = request.user.has_perm(PUBLISH)
        return super().render_change_form(request, context, *args, **kwargs)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        if request.method == "POST" and "_draft" in request.POST:
            return self._draft(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def _publish(self, request: HttpRequest, revision: Revision) -> HttpResponse:
        if not request.user.has_perm(PUBLISH):
            raise PermissionDenied
        try:
            actions.publish_revision(revision_id=revision.pk, by=person_of(request))
        except actions.NotPublishable as refused:
            for flaw in refused.flaws:
                self.message_user(request, flaw.sentence, messages.ERROR)
            return HttpResponseRedirect(request.path)
        self.message_user(request, f"{revision.name} is published.", messages.SUCCESS)
        return HttpResponseRedirect(f"/admin/profiles/profile/{revision.profile_id}/change/")

    def _draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        revision = self.get_object(request, object_id)
        if revision is None:
            raise Http404
        draft = actions.start_draft(profile_id=revision.profile_id, by=person_of(request))
        return HttpResponseRedirect(f"/admin/profiles/revision/{draft.pk}/change/")


class TermForm(WordedForm):
    worded = "introduction"

    class Meta:
        model = Term
        fields = ["facet", "name", "slug", "introduction"]
        widgets = {"introduction": forms.Textarea(attrs={"rows": 10, "cols": 90})}


@admin.register(Term)
class TermAdmin(Worded):
    form = TermForm
    worded, titled = "introduction", "name"
    list_display = ["name", "facet", "slug"]
    list_filter = ["facet"]
    search_fields = ["name", "facet"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["wordings"]

    def get_fields(self, request: HttpRequest, obj: Term | None = None) -> Any:
        return ["facet", "name", "slug", "introduction", "seen", *(["wordings"] if obj else [])]
