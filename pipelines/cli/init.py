"""``init``: an empty store with its settings."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome
from pipelines.cli.session import Session
from pipelines.lakehouse.settings import StoreSettings
from pipelines.operations.opening import make_store
from pipelines.vee.profile.load import load_profile
from schemas.periods import parse_clock

_DEFAULTS = StoreSettings()


@click.command()
@click.option(
    "--zone", default=_DEFAULTS.zone, show_default=True, help="Clock of files with local times and no zone: a zone or +10:00."
)
@click.option("--currency", default=_DEFAULTS.currency, show_default=True, help="ISO 4217 code.")
@click.option(
    "--buckets",
    type=click.IntRange(1, 1024),
    default=_DEFAULTS.buckets,
    show_default=True,
    help="Parts that readings are dealt into, a power of two: 8 for ten thousand service points, 64 for a million.",
)
@click.option(
    "--read-deadline-days",
    type=click.IntRange(0, 90),
    default=_DEFAULTS.read_deadline_days,
    show_default=True,
    help="Days after its end from which a period is billed.",
)
@click.option(
    "--vee-profile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file with thresholds of validation; the default profile where none is named.",
)
@common
@click.pass_obj
def init(
    session: Session, zone: str, currency: str, buckets: int, read_deadline_days: int, vee_profile: Path | None, root: Path
) -> Outcome:
    """Make an empty store with its settings.

    One that is there already with the same settings stays as it is; one with others is left alone (exit code 4).
    """
    parse_clock(zone)
    if buckets & (buckets - 1):
        message = f"{buckets} is not a power of two"
        raise click.BadParameter(message, param_hint="--buckets")
    if len(currency) != len("EUR") or not currency.isalpha() or not currency.isupper() or not currency.isascii():
        message = f"{currency!r} is no ISO 4217 code such as EUR"
        raise click.BadParameter(message, param_hint="--currency")
    profile = vee_profile.read_text("utf-8") if vee_profile is not None else ""
    load_profile(profile)
    settings = StoreSettings(
        zone=zone, currency=currency, buckets=buckets, read_deadline_days=read_deadline_days, vee_profile=profile
    )
    store = make_store(root, settings, session.now)
    run_id = store.snapshot().run_id
    shown = [f"a store is at {root}: zone {zone}, {currency}, {buckets} buckets, reads until {read_deadline_days} days after"]
    return Outcome({"store": root, "settings": settings.model_dump()}, shown, run_id=run_id)
