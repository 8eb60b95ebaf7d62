"""Profile and sessions over HTTP: what is refused, what stays, whose they are."""

import pytest
from sqlalchemy import select

from api.auth.models import Session as UserSession
from tests import factories

PROFILE, SESSIONS = "/api/v1/me/profile", "/api/v1/me/sessions"
FIELDS = {
    "bio": "Writes the first program.",
    "avatar": "https://example.com/ada.png",
    "location": "London",
    "website": "http://example.com",
    "githubUrl": "https://example.com/github",
    "linkedinUrl": "https://example.com/linkedin",
    "twitterUrl": "https://example.com/twitter",
    "occupation": "Analyst",
    "company": "Babbage & Co.",
    "phone": "+44 20 7946 0000",
    "address": "12 St James's Square",
    "socials": {"mastodon": "@ada"},
    "preferences": {"theme": "dark", "notifications": {"weekly": True}},
}


def test_a_profile_starts_empty_and_changes_field_by_field(client, auth_headers):
    assert client.get(PROFILE, headers=auth_headers).json() == dict.fromkeys(FIELDS)
    assert client.patch(PROFILE, json=FIELDS, headers=auth_headers).json() == FIELDS
    changed = client.patch(PROFILE, json={"bio": None, "company": "Own"}, headers=auth_headers).json()
    assert changed == {**FIELDS, "bio": None, "company": "Own"}
    assert client.get(PROFILE, headers=auth_headers).json() == changed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("avatar", "javascript:alert(1)"),
        ("avatar", "data:text/html,x"),
        ("website", "example.com"),
        ("website", "https://"),
        ("githubUrl", "https://exa mple.com"),
        ("twitterUrl", "ftp://example.com"),
        ("linkedinUrl", "http://[::1"),
        ("phone", "call me"),
        ("phone", "+1\n"),
        ("bio", "a\0b"),
        ("bio", "x" * 10_001),
        ("socials", {f"n{number}": "x" for number in range(21)}),
        ("socials", {"x": 1}),
        ("preferences", {"x": "y" * 17_000}),
        ("preferences", []),
        ("userId", "01a203f5-b4c6-7013-bad0-e72337b5117f"),
        ("role", "ADMIN"),
    ],
)
def test_a_faulty_field_is_named_and_nothing_stored(client, auth_headers, field, value):
    answer = client.patch(PROFILE, json={"location": "Turin", field: value}, headers=auth_headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(field)
    assert client.get(PROFILE, headers=auth_headers).json()["location"] is None


def test_every_faulty_field_is_listed(client, auth_headers):
    answer = client.patch(PROFILE, json={"avatar": "x", "website": "y", "phone": "z"}, headers=auth_headers)
    assert [error["field"] for error in answer.json()["errors"]] == ["avatar", "website", "phone"]


def test_sessions_are_listed_and_ended_and_a_strangers_are_not_there(client, database, user, headers_for):
    mine, other = headers_for(user), headers_for(user)
    with database.transaction() as session:
        stranger = factories.make_user(session)
    headers_for(stranger)
    listed = client.get(SESSIONS, headers=mine).json()
    assert [item["current"] for item in listed["items"]].count(True) == 1
    assert listed["total"] == 2
    with database.transaction() as session:
        foreign = session.scalars(select(UserSession.id).where(UserSession.user_id == stranger.id)).one()
    assert client.delete(f"{SESSIONS}/{foreign}", headers=mine).status_code == 404
    ended = next(item["id"] for item in listed["items"] if not item["current"])
    assert client.delete(f"{SESSIONS}/{ended}", headers=mine).status_code == 204
    assert client.get(SESSIONS, headers=other).status_code == 401
    third = headers_for(user)
    assert client.delete(SESSIONS, headers=mine).status_code == 204
    assert client.get(SESSIONS, headers=third).status_code == 401
    assert client.get(SESSIONS, headers=mine).json()["total"] == 1
    assert client.get(SESSIONS, headers=headers_for(stranger)).json()["total"] == 2
