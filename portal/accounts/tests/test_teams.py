"""Who manages whom: teams and the teams below them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import Team, User, managed_team_ids
from portal.accounts.tests.factories import person, team

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return person("boss@example.com", is_manager=True)


def test_a_manager_sees_the_own_team_and_all_below(boss: User) -> None:
    company = team("Company")
    region = team("Region", company, managers=(boss,))
    city = team("City", region)
    street = team("Street", city)
    beside = team("Beside", company)
    assert managed_team_ids(boss) == {region.pk, city.pk, street.pk}
    assert set(Team.objects.for_user(boss)) == {region, city, street}
    assert beside.pk not in managed_team_ids(boss)


def test_two_teams_one_below_the_other_are_counted_once(boss: User) -> None:
    upper = team("Upper", managers=(boss,))
    lower = team("Lower", upper, managers=(boss,))
    assert managed_team_ids(boss) == {upper.pk, lower.pk}


def test_a_loop_that_got_into_the_data_ends(boss: User) -> None:
    first = team("First", managers=(boss,))
    second = team("Second", first)
    Team.objects.filter(pk=first.pk).update(parent=second)
    assert managed_team_ids(boss) == {first.pk, second.pk}


def test_without_the_role_or_switched_off_nobody_manages_anything(boss: User) -> None:
    team("Team", managers=(boss,))
    for change in ({"is_manager": False}, {"is_active": False}):
        User.objects.filter(pk=boss.pk).update(**{"is_manager": True, "is_active": True} | change)
        assert managed_team_ids(User.objects.get(pk=boss.pk)) == set()
    assert managed_team_ids(AnonymousUser()) == set()


def test_a_tree_of_any_depth_needs_two_queries(boss: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    parent = team("0", managers=(boss,))
    for number in range(1, 20):
        parent = team(str(number), parent)
    with django_assert_num_queries(2):
        assert len(managed_team_ids(boss)) == 20


def test_a_team_cannot_lie_below_itself() -> None:
    upper = team("Upper")
    lower = team("Lower", upper)
    upper.parent = lower
    with pytest.raises(ValidationError):
        upper.clean()
    Team.objects.get(pk=lower.pk).clean()


def test_roles_are_independent() -> None:
    user = person(is_manager=True, is_author=True, is_administrator=True)
    assert user.roles == ("learner", "manager", "author", "administrator")
    assert user.is_staff
    assert user.has_perm("anything")
    assert not person("other@example.com").has_perm("anything")


def test_an_unknown_time_zone_is_refused() -> None:
    user = person(time_zone="Mars/Olympus")
    with pytest.raises(ValidationError):
        user.full_clean()
