"""What the system refuses is found in whatever it is wrapped, and says what to do."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from safetensors import SafetensorError

from ser_core.core import SerError
from ser_core.core.system_errors import REMEDIES, told


def wrapped(inner: Exception) -> Exception:
    """As MLflow wraps what SQLAlchemy wraps of SQLite."""
    try:
        try:
            raise inner
        except type(inner) as error:
            raise RuntimeError("INTERNAL_ERROR") from error
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize("number", REMEDIES)
def test_every_number_has_its_words_and_its_remedy(number):
    found = told(OSError(number, "whatever", "/a/b.csv"))
    assert found.subject == "/a/b.csv"
    assert found.remedy
    assert "Errno" not in str(found)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), "No space left"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "Read-only"),
        (sqlite3.OperationalError("unable to open database file"), "Permission denied"),
        (SafetensorError("Error while serializing: No space left on device"), "No space left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), "Permission denied"),
    ],
)
def test_it_is_found_in_what_libraries_make_of_it(inner, words):
    for error in (inner, wrapped(inner)):
        found = told(error)
        assert words in str(found)
        assert found.remedy


def test_a_bug_is_none_and_an_own_error_stays_itself():
    assert told(ValueError("a bug")) is None
    assert told(wrapped(KeyError("a bug"))) is None
    own = SerError("is silent")
    assert told(own) is own
    assert told(wrapped(own)) is own


def test_a_path_of_thousands_of_letters_is_cut():
    assert len(str(told(OSError(errno.ENAMETOOLONG, "x", "a" * 5_000)))) < 500
