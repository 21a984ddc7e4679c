from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.opening import make_store
from pipelines.operations.store_copy import copied
from schemas.errors import StoreError

HOLD = """
import sys, time
from pathlib import Path
from pipelines.lakehouse.store import Store
from pipelines.operations.store_copy import copied
with copied(Store(Path(sys.argv[1]))):
    print("copied", flush=True)
    time.sleep(600)
"""
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store", StoreSettings())


def beside(store: Store) -> list[str]:
    return sorted(path.name for path in store.root.parent.iterdir() if path != store.root)


@pytest.fixture
def holder(store):
    """Another process that has a copy of the store."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(store.root)], stdout=subprocess.PIPE, cwd=REPOSITORY) as process:
        assert process.stdout.readline() == b"copied\n"
        yield process
        process.kill()


def test_a_copy_says_what_the_store_says_and_is_gone_afterwards(store):
    with copied(store) as copy:
        assert copy.snapshot().pins == store.snapshot().pins
        assert copy.settings == store.settings
        assert copy.root.parent == store.root.parent
    assert beside(store) == []


def test_a_copy_is_gone_after_a_failure_too(store):
    with pytest.raises(RuntimeError), copied(store):
        raise RuntimeError
    assert beside(store) == []


def test_data_files_take_no_space(store):
    table = next((store.root / "tables" / "tariffs").rglob("*.json"))
    with copied(store) as copy:
        assert table.samefile(copy.root / table.relative_to(store.root))


def test_what_a_killed_process_left_is_removed_by_the_next_copy(store, holder):
    left = beside(store)
    assert [name.startswith(".store-dry-run-") for name in left] == [True, True]
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert beside(store) == left
    with copied(store):
        assert not set(left) & set(beside(store))
    assert beside(store) == []


def test_the_copy_of_a_process_that_lives_is_left_alone(store, holder):
    left = beside(store)
    with copied(store):
        assert set(left) < set(beside(store))
    assert beside(store) == left


def test_the_copy_of_another_store_beside_it_is_left_alone(store):
    other = make_store(store.root.parent / "store-2", StoreSettings())
    with copied(other) as copy, copied(store):
        assert copy.root.exists()


def test_without_a_store_nothing_is_made(tmp_path):
    with pytest.raises(StoreError), copied(Store(tmp_path / "none")):
        pass
    assert list(tmp_path.iterdir()) == []
