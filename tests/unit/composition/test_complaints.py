"""What a page did wrong, in words for its author."""

from __future__ import annotations

from chalicelib.composition.complaints import MAX_COMPLAINTS, Complaint, complaints_of, without_queries
from chalicelib.composition.serving import ORIGIN


def test_each_is_told_once_and_in_the_project_s_own_words() -> None:
    """A script's error, a file that is not there, and an address elsewhere, whose query may be a secret."""
    said = [f"Error: no\n    at {ORIGIN}/js/a.js:3:7"] * 2
    refused = [f"{ORIGIN}/img/a.png?v=1", f"{ORIGIN}/img/a.png?v=2", "https://cdn.example.com/x.js?token=secret"]
    assert complaints_of(said, refused, ["it moves by itself"]) == (
        Complaint("page-error", "Error: no at js/a.js:3:7"),
        Complaint("file-missing", "img/a.png is not in the project"),
        Complaint("network-refused", "https://cdn.example.com/x.js was not fetched: put it into the project"),
        Complaint("not-followed", "it moves by itself"),
    )


def test_a_page_cannot_fill_the_record() -> None:
    """Few complaints, each of a few words."""
    told = complaints_of([f"{number} {'x' * 5000}" for number in range(100)], ["https://e.com/" + "y" * 5000])
    assert len(told) == MAX_COMPLAINTS
    assert max(len(each.message) for each in told) <= 300


def test_what_a_page_says_holds_no_query() -> None:
    """A signature in an address reaches neither log nor record; the line and column of a script do."""
    signed = "https://b.example.com/k?X-Amz-Signature=secret&b=1"
    assert without_queries(f"cannot fetch '{signed}'") == "cannot fetch 'https://b.example.com/k'"
    assert without_queries(f"no at f ({ORIGIN}/js/a.js?v=secret:3:7)") == f"no at f ({ORIGIN}/js/a.js:3:7)"
    assert without_queries("is it? No") == "is it? No"
