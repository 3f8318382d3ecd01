"""URLs of the run table, shared views and boards."""

from django.urls import path

from labs.compare import views

urlpatterns = [
    path("runs/", views.run_list, name="run-list"),
    path("runs/all-points.csv", views.points, name="compare-points"),
    path("runs/shares/", views.share_create, name="share-create"),
    path("shared/<slug:token>/", views.share, name="share"),
    path("shared/<slug:token>/revoke/", views.share_revoke, name="share-revoke"),
    path("labs/<slug:slug>/board/", views.board, name="board"),
    path("labs/<slug:slug>/board/join/", views.board_join, name="board-join"),
    path("labs/<slug:slug>/board/leave/", views.board_leave, name="board-leave"),
]
