"""Which bucket a service point lives in: stable for ever, equal in DuckDB.

``int(md5(id)[:8], little endian) % buckets`` equals DuckDB's ``md5_number_upper(id) % buckets``, so an analyst's
query can name one bucket instead of reading all.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def bucket_of(service_point_id: str, buckets: int) -> int:
    """Return the bucket of one service point.

    >>> bucket_of("NMI1234567", 8) in range(8)
    True
    """
    digest = hashlib.md5(service_point_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little") % buckets


def buckets_of(service_point_ids: pa.ChunkedArray | pa.Array, buckets: int) -> np.ndarray:
    """Return the bucket of each row, (n,) int32; each distinct id is hashed once."""
    encoded = service_point_ids.combine_chunks() if isinstance(service_point_ids, pa.ChunkedArray) else service_point_ids
    if not pa.types.is_dictionary(encoded.type):
        encoded = pc.dictionary_encode(encoded)
    of_distinct = np.array([bucket_of(text, buckets) for text in encoded.dictionary.to_pylist()], dtype=np.int32)
    if not len(of_distinct):
        return np.empty(0, dtype=np.int32)
    return of_distinct[encoded.indices.to_numpy(zero_copy_only=False)]
