"""What a run was asked to do, decided once by the command line and carried to every worker.

Nothing below the command line looks at a clock, the environment or a table's head: it is all in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Snapshot


@dataclass(frozen=True)
class IngestOptions:
    """How delivered files are to be read.

    Attributes:
        format: name of a reader, or ``auto``.
        clock: fixed offset that overrides a format's own clock; None to follow the format.
        mapping: text of the mapping file for plain tables; None where there is none.
    """

    format: str = "auto"
    clock: str | None = None
    mapping: str | None = None


@dataclass(frozen=True)
class BillingRequest:
    """Which periods to bill.

    Attributes:
        first_day: first local day of the period, in each agreement's billing clock.
        end_day: day after the last one.
        as_at: the day it is run as at: periods whose read deadline lies after it stay open.
        tariffs: only agreements that ever have one of these tariffs, with all that they have in the period; empty for every one.
    """

    first_day: date
    end_day: date
    as_at: date
    tariffs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RunPlan:
    """Everything a worker needs to know.

    Attributes:
        root: the store's folder.
        run_id: the run; also the name of its batch of deliveries.
        started_at: when the command began; the delivery time of its files.
        settings: the store's settings.
        base: the versions to read.
        ingest: how files are read.
        billing: what to bill; None to stop after validation.
        validate_months: months to validate even where nothing new was delivered.
        validates: False to stop after ingest.
        known_files: delivered files whose bytes an earlier run took.
        versions: versions of the program and its libraries, for the ``runs`` row.
        cross_check: bills of the run that the reference engine rates again.
    """

    root: Path
    run_id: str
    started_at: datetime
    settings: StoreSettings
    base: Snapshot
    ingest: IngestOptions = field(default_factory=IngestOptions)
    billing: BillingRequest | None = None
    validate_months: tuple[str, ...] = ()
    validates: bool = True
    known_files: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    cross_check: int = 0
