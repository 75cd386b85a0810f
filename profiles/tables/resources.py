"""The two tables: which columns each has, how its rows are found again, and what refuses them."""

from collections import defaultdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource

from profiles import letters
from profiles.models import Citation, Credibility, Judgement, JudgementCitation, Profile, Publisher, Source, Stance
from profiles.models.source import URL_KEY_BYTES
from profiles.public import public_sources
from profiles.tables.cells import Address, Cell, Day, Flag, Found, Keys, Line, Names, Number, OneOf, neutral
from profiles.urlkeys import url_key

BIGGEST = 2**63 - 1
ROW = "__all__"  # what is wrong with a row rather than with one of its cells
LIVE = "is on a live profile, so an editor changes it; leave this row out."


class SourceCell(Found):
    """A source by its number or its address."""

    def __init__(self) -> None:
        super().__init__("the number of a source, or its address", "pk")

    def key(self, text: str) -> str:
        return text if text.isdigit() else f"@{url_key(text)}"


def column(name: str, cell: Cell) -> Any:
    return Field(attribute=name, column_name=name, widget=cell)


class Table(ModelResource):  # type: ignore[misc]  # import-export has no types
    """What both tables share: rows that change nothing are skipped, the others are written by the hundred."""

    saved: tuple[str, ...] = ()  # the columns of the model

    def __init__(self, *, by: Any = None, may_publish: bool = False) -> None:
        super().__init__()
        self.by, self.may_publish = by, may_publish
        self.stored: dict[int, Any] = {}
        self.seen: set[int] = set()
        self.changed: dict[int, list[str]] = {}
        self.touched: list[Any] = []
        self.held: list[Any] = []

    class Meta:
        import_id_fields = ("id",)
        skip_unchanged = True
        report_skipped = False
        skip_html_diff = True
        use_bulk = True
        batch_size = 500
        use_transactions = True

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> str:
        return neutral(str(super().export_field(field, instance, **kwargs)))

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        number = str(row.get("id") or "")
        if number and (not number.isdigit() or int(number) not in self.stored):
            raise ValidationError({"id": f"“{number[:30]}” is not on file; leave it empty for a new row."})
        found = self.stored[int(number)] if number else self.found_again(row)
        if found is not None and found.pk in self.seen:
            raise ValidationError({ROW: f"number {found.pk} stands in an earlier row already; write it once."})
        self.seen |= {found.pk} if found else set()
        return found

    def found_again(self, row: Any) -> Any:
        return None

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Skip what says what is on file, and note of the others which columns they change."""
        fields = [one for one in self.get_import_fields() if not one.readonly]
        changed = [one.attribute for one in fields if one.get_value(instance) != one.get_value(original)]
        self.changed[id(instance)] = [name for name in changed if name in self.saved]
        return not changed and not import_validation_errors and bool(instance.pk)

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        # Not import-export's own, which goes on after an error that has ended the transaction.
        self._meta.model.objects.bulk_create(self.create_instances, batch_size=self._meta.batch_size)
        self.create_instances.clear()

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        """Write of each row what it changes: a column more is a long expression more for each row."""
        by_columns = defaultdict(list)
        for one in self.update_instances:
            by_columns[tuple(self.columns_of(one))].append(one)
        for columns, rows in by_columns.items():
            if columns:
                self._meta.model.objects.bulk_update(rows, columns, batch_size=self._meta.batch_size)
        self.update_instances.clear()

    def columns_of(self, instance: Any) -> list[str]:
        return self.changed[id(instance)]

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        self.touched.append(instance)

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:  # fmt: skip
        errors = dict(import_validation_errors or {})
        if not errors and (wrong := self.wrong_with(instance)):
            errors = wrong
        if errors:
            raise ValidationError(errors)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Leave the sequences alone, which import-export would set: numbers are never given by a table."""

    def wrong_with(self, instance: Any) -> dict[str, str]:
        """Return what is wrong with a row whose cells can be read, by column."""
        return {}


class SourceTable(Table):
    """Sources. A row without a number is found again by its address, else by publisher, title and day; else it is new."""

    id = Field(attribute="id", column_name="id", widget=Number(1, BIGGEST), readonly=True)
    publisher = column("publisher", Found("the slug of a publisher", "slug"))
    title = column("title", Line(500, needed="write the title"))
    authors = column("authors", Names(200))
    url = column("url", Address(2000))
    published_on = column("published_on", Day())
    language = column("language", Line(35))
    accessed_on = column("accessed_on", Day())
    archived_url = column("archived_url", Address(2000))
    saved = (
        *("publisher", "title", "authors", "url"),
        *("published_on", "language", "accessed_on", "archived_url"),
    )

    class Meta(Table.Meta):
        model = Source
        fields = (
            "id",
            "publisher",
            "title",
            "authors",
            "url",
            "published_on",
            "language",
            "accessed_on",
            "archived_url",
        )

    def get_queryset(self) -> QuerySet[Source]:
        return Source.objects.select_related("publisher")

    def iter_queryset(self, queryset: QuerySet[Source]) -> Any:
        return queryset.select_related("publisher")

    def columns_of(self, instance: Source) -> list[str]:
        changed = super().columns_of(instance)
        return [*changed, "url_key"] if "url" in changed else changed

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self.fields["publisher"].widget.rows = {one.slug: one for one in Publisher.objects.all()}
        self.stored = {one.pk: one for one in self.get_queryset()}
        self.was_of = {one.pk: one.publisher_id for one in self.stored.values()}
        self.by_identity = {_identity(one): one.pk for one in self.stored.values()}
        self.live = set() if self.may_publish else set(public_sources().values_list("pk", flat=True))

    def found_again(self, row: Any) -> Source | None:
        publisher = self.fields["publisher"].widget.rows.get(str(row.get("publisher") or ""))
        try:
            day = Day().read(str(row.get("published_on") or ""))
        except ValueError:
            return None  # said where the cell is read
        key = url_key(str(row.get("url") or ""))
        asked = ("", key) if key else (publisher.pk if publisher else None, str(row.get("title") or ""), day)
        return self.stored.get(self.by_identity.get(asked, 0))

    def wrong_with(self, instance: Source) -> dict[str, str]:
        for name, sentence in {"publisher": "write the slug of a publisher", "title": "write the title"}.items():
            if not getattr(instance, f"{name}_id" if name == "publisher" else name):
                return {name: f"is empty; {sentence}."}
        instance.url_key = url_key(instance.url)
        if len((instance.url_key or "").encode()) > URL_KEY_BYTES:
            return {"url": f"is longer than {URL_KEY_BYTES} bytes; leave out what follows the question mark."}
        if instance.pk in self.live:
            return {ROW: f"source {instance.pk} {LIVE}"}
        return self._twin(instance)

    def _twin(self, instance: Source) -> dict[str, str]:
        identity = _identity(instance)
        there = self.by_identity.get(identity)
        if there is not None and there != instance.pk:
            which = f"source {there}" if there > 0 else "an earlier row"
            return {"url" if instance.url_key else "title": f"is that of {which}; a source is filed once."}
        self.by_identity[identity] = instance.pk or -1
        return {}

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        for source in self.update_instances:
            if source.publisher_id != self.was_of[source.pk] and (publisher := letters.hold_publisher(source)):
                self.held.append((source, publisher))
        super().bulk_update(*args, **kwargs)


def _identity(source: Source) -> tuple[Any, ...]:
    return ("", source.url_key) if source.url_key else (source.publisher_id, source.title, source.published_on)


class CitationTable(Table):
    """Citations, with the key judgements that rest on each. A row without a number is a new citation."""

    id = Field(attribute="id", column_name="id", widget=Number(1, BIGGEST), readonly=True)
    profile = column("profile", Found("the slug of a profile", "slug"))
    source = column("source", SourceCell())
    stance = column("stance", OneOf(Stance.values, Stance.SUPPORTS))
    credibility = column("credibility", Number(1, 6, Credibility.UNKNOWN))
    direct = column("direct", Flag())
    judgements = Field(attribute="rests", column_name="judgements", widget=Keys())
    establishes = column("establishes", Line())
    position = column("position", Number(0, 32767, 0))
    saved = ("profile", "source", "stance", "credibility", "direct", "establishes", "position")

    class Meta(Table.Meta):
        model = Citation
        fields = (
            *("id", "profile", "source", "stance", "credibility", "direct", "judgements"),
            *("establishes", "position"),
        )

    def get_queryset(self) -> QuerySet[Citation]:
        return Citation.objects.select_related("profile", "source").prefetch_related("links__judgement")

    def iter_queryset(self, queryset: QuerySet[Citation]) -> Any:
        for citation in queryset.select_related("profile", "source").prefetch_related("links__judgement"):
            yield _with_rests(citation)

    def init_instance(self, row: Any = None) -> Citation:
        citation = Citation()
        citation.rests = []  # type: ignore[attr-defined]
        return citation

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        slugs = {str(slug) for slug in dataset["profile"]} if "profile" in dataset.headers else set()
        numbers = [int(one) for one in dataset["id"] if str(one).isdigit()] if "id" in dataset.headers else []
        numbers = [one for one in numbers if one <= BIGGEST]
        cited = Citation.objects.filter(profile__slug__in=slugs) | Citation.objects.filter(pk__in=numbers)
        profiles = Profile.objects.filter(slug__in=slugs) | Profile.objects.filter(citations__in=numbers)
        self.stored = {one.pk: one for one in self.iter_queryset(cited.distinct())}
        self.was_direct = {one.pk: one.direct for one in self.stored.values()}
        self.fields["profile"].widget.rows = {one.slug: one for one in profiles.distinct()}
        self.fields["source"].widget.rows = _sources_in(dataset)
        self.keys: dict[int, dict[str, Judgement]] = defaultdict(dict)
        for judgement in Judgement.objects.filter(profile__in=profiles):
            self.keys[judgement.profile_id][judgement.key] = judgement
        self.taken = {use: one.pk for one in self.stored.values() for use in _uses(one, self.keys)}

    def wrong_with(self, instance: Citation) -> dict[str, str]:
        for name, what in {
            "profile": "the slug of a profile",
            "source": "the number of a source, or its address",
        }.items():
            if not getattr(instance, f"{name}_id"):
                return {name: f"is empty; write {what}."}
        if instance.profile.is_live and not self.may_publish:
            return {ROW: f"this citation {LIVE}"}
        known = self.keys[instance.profile_id]
        if unknown := [key for key in instance.rests if key not in known]:  # type: ignore[attr-defined]
            there = ", ".join(known) or "none"
            return {"rests": f"“{unknown[0]}” is no key judgement of {instance.profile.slug}; its keys: {there}."}
        return self._twice(instance)

    def _twice(self, instance: Citation) -> dict[str, str]:
        for use in _uses(instance, self.keys):
            there = self.taken.get(use)
            if there is not None and there != instance.pk:
                return {"source": f"is cited for {use[1] or 'this profile'} already; a judgement has a source once."}
            self.taken[use] = instance.pk or -1
        return {}

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        self.held += letters.hold_back(self.create_instances)
        super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        self.held += letters.hold_back(self.update_instances)
        super().bulk_update(*args, **kwargs)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Make exactly the judgements a row names rest on its citation."""
        wanted = {(self.keys[one.profile_id][key].pk, one.pk) for one in self.touched if one.pk for key in one.rests}
        links = JudgementCitation.objects.filter(citation__in=[one.pk for one in self.touched if one.pk])
        there = {(link.judgement_id, link.citation_id): link.pk for link in links}
        JudgementCitation.objects.filter(pk__in=[pk for use, pk in there.items() if use not in wanted]).delete()
        new = [JudgementCitation(judgement_id=judgement, citation_id=one) for judgement, one in wanted - there.keys()]
        JudgementCitation.objects.bulk_create(new, batch_size=500)


def _with_rests(citation: Citation) -> Citation:
    citation.rests = sorted(link.judgement.key for link in citation.links.all())  # type: ignore[attr-defined]
    return citation


def _uses(citation: Citation, keys: dict[int, dict[str, Judgement]]) -> list[tuple[int, str, int]]:
    """Each judgement with the source it rests on; without judgements, the profile itself with its source."""
    rests = citation.rests if keys[citation.profile_id] else [""]  # type: ignore[attr-defined]
    return [(citation.profile_id, key, citation.source_id) for key in rests]


def _sources_in(dataset: Any) -> dict[str, Source]:
    named = [str(one) for one in dataset["source"]] if "source" in dataset.headers else []
    numbers = [int(one) for one in named if one.isdigit() and int(one) <= BIGGEST]
    addresses = [key for one in named if not one.isdigit() and (key := url_key(one))]
    found = Source.objects.filter(pk__in=numbers) | Source.objects.filter(url_key__in=addresses)
    return {key: one for one in found for key in (str(one.pk), f"@{one.url_key}")}
