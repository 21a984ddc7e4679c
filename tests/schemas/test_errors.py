from __future__ import annotations

import pickle

import pytest

from schemas import errors
from schemas.errors import (
    InputRefusedError,
    InvariantError,
    MasterDataError,
    MeterToBillError,
    SchemaMismatchError,
    StoreBusyError,
    StoreError,
    TariffError,
)

ALL = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, MeterToBillError)]


class TestMeterToBillError:
    @pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
    def test_its_facts_survive_a_worker_border(self, error):
        sent = error("some.code", "what happened", hint="the way out", where="file.csv:7")
        received = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
        assert type(received) is error
        assert vars(received) == vars(sent)

    def test_its_text_has_place_and_way_out(self):
        assert str(InputRefusedError("c", "what", hint="do this", where="f:7")) == "what (f:7)\nhint: do this"

    def test_its_text_is_the_message_where_there_is_no_more(self):
        assert str(InputRefusedError("c", "what")) == "what"

    @pytest.mark.parametrize(
        ("error", "exit_code"),
        [
            (MeterToBillError, 1),
            (InputRefusedError, 4),
            (MasterDataError, 4),
            (TariffError, 4),
            (StoreError, 4),
            (StoreBusyError, 75),
            (SchemaMismatchError, 5),
            (InvariantError, 5),
        ],
    )
    def test_it_ends_the_command_with_the_documented_code(self, error, exit_code):
        assert error.exit_code == exit_code

    def test_every_error_has_its_place_in_the_tree_of_the_docstring(self):
        assert [e.__name__ for e in ALL if e.__name__ not in (errors.__doc__ or "")] == []
