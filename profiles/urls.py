from django.urls import path, re_path

from config.languages import in_each_language
from profiles import feeds
from profiles.views import finding, profile, record, site

app_name = "profiles"

SLUG = r"(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)"

pages = [
    path("", finding.home, name="home"),
    path("profiles/", finding.profile_list, name="profile_list"),
    re_path(rf"^profiles/{SLUG}/$", profile.profile_detail, name="profile_detail"),
    re_path(rf"^profiles/{SLUG}/confidence/$", profile.profile_confidence, name="profile_confidence"),
    re_path(rf"^facets/(?P<facet>[a-z-]+)/{SLUG}/$", finding.term_detail, name="term_detail"),
    path("publishers/", record.publisher_list, name="publisher_list"),
    re_path(rf"^publishers/{SLUG}/$", record.publisher_detail, name="publisher_detail"),
    re_path(rf"^people/{SLUG}/$", record.person_detail, name="person_detail"),
    path("corrections/", record.correction_list, name="correction_list"),
    path("methodology/", site.methodology, name="methodology"),
    path("contact/", site.contact, name="contact"),
    path("contact/thanks/", site.contact_thanks, name="contact_thanks"),
    path("membership/", site.membership, name="membership"),
    path("membership/strategic-circle/", site.membership_tier, {"tier": "strategic-circle"}, name="strategic_circle"),
    path(
        "membership/leadership-alliance/",
        site.membership_tier,
        {"tier": "leadership-alliance"},
        name="leadership_alliance",
    ),
    re_path(r"^(?P<slug>about|privacy|terms)/$", site.page_detail, name="page_detail"),
]
urlpatterns = [
    in_each_language(*pages),
    re_path(rf"^profiles/{SLUG}/cite\.bib$", profile.cite_bib, name="cite_bib"),
    re_path(rf"^profiles/{SLUG}/cite\.json$", profile.cite_csl, name="cite_csl"),
    re_path(rf"^profiles/{SLUG}/feed/$", feeds.profile_feed, name="profile_feed"),
    re_path(rf"^facets/(?P<facet>[a-z-]+)/{SLUG}/feed/$", feeds.term_feed, name="term_feed"),
    path("feed/", feeds.site_feed, name="feed"),
    path("feed/grades/", feeds.grade_feed, name="grade_feed"),
    path("sitemap.xml", site.sitemap, name="sitemap"),
    re_path(r"^sitemap-(?P<number>[1-9][0-9]{0,3})\.xml$", site.sitemap_part, name="sitemap_part"),
    path("robots.txt", site.robots, name="robots"),
    re_path(rf"^media/cards/{SLUG}-(?P<version>[0-9a-f]{{12}})\.png$", profile.card, name="card"),
    re_path(r"^media/figures/(?P<digest>[0-9a-f]{64})\.(?P<extension>[a-z0-9]{2,5})$", profile.figure, name="figure"),
]
