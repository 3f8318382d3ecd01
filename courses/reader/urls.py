"""URLs of home and reader."""

from django.urls import path

from courses.reader import views

urlpatterns = [
    path("", views.home, name="home"),
    path("learn/<slug:course>/", views.course, name="course"),
    path("glossary/<slug:course>/", views.glossary, name="glossary"),
    path("learn/<slug:course>/<slug:chapter>/", views.chapter, name="chapter"),
    path("learn/<slug:course>/<slug:chapter>/rules/", views.progress_rules, name="progress-rules"),
    path("learn/<slug:course>/<slug:chapter>/version/", views.version_move, name="version-move"),
    path("learn/<slug:course>/<slug:chapter>/guess/<slug:key>/", views.guess, name="guess"),
    path("learn/<slug:course>/<slug:chapter>/check/<slug:key>/", views.check, name="check"),
    path("learn/<slug:course>/<slug:chapter>/widget/<slug:key>/", views.widget, name="widget"),
    path("learn/<slug:course>/<slug:chapter>/<slug:section>/", views.section, name="section"),
    path("learn/<slug:course>/<slug:chapter>/<slug:section>/read/", views.section_read, name="section-read"),
]
