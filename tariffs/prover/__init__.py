"""The prover: every minute of a horizon has one version, one period and one price, or the minute that has not is named."""
