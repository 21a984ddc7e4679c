from __future__ import annotations

import pytest

from head_end.dlms.errors import IncompleteError
from head_end.dlms.wrapper import unwrap
from tests.head_end.dlms.meter_bytes import wrapped


def test_the_length_tells_the_end():
    found = unwrap(wrapped(b"\x0fabc", 1, 102) + b"rest", 0)
    assert (found.source, found.destination, found.apdu, found.end) == (1, 102, b"\x0fabc", 12)


@pytest.mark.parametrize("cut", range(1, 12))
def test_what_is_cut_is_incomplete(cut):
    with pytest.raises(IncompleteError):
        unwrap(wrapped(b"\x0fabc")[:-cut], 0)
