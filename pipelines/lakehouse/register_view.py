"""What registers counted between their reads, in SQL: the rules of ``pipelines.vee.registers``, for people to look at.

Bills rest on the kernel, never on this view; a property test holds the two against each other. It shows every register as
soon as a file is taken in, whether or not anything was validated or billed.

A rule of the kernel that walks along the reads is here a window over them: a run of zeros counts as one read, and a low read
between two others is dropped when the next one is at or above the one before. That the read before is kept needs no look
further back: a read that was dropped is below the one that follows it.
"""

from __future__ import annotations

from decimal import Decimal

_REGISTER = "service_point_id, channel, meter_id, stint"
_ESTIMATED = "('estimated', 'substituted', 'final_substituted', 'delivered_estimate')"

_QUERY = f"""
WITH facts AS (
  SELECT m.service_point_id, r.channel, r.meter_id, r.multiplier, greatest(r.valid_from, m.installed_from) AS since,
    least(r.valid_to, m.installed_to) AS until,
    coalesce(r.wraps_at, ('1' || repeat('0', r.dials))::DECIMAL(38,9)) AS modulus,
    coalesce(CASE WHEN r.decimals = 0 THEN 1 ELSE ('0.' || repeat('0', r.decimals - 1) || '1')::DECIMAL(38,9) END, 0.000000001)
      AS step,
    s.fuse_kw * {{fuse_factor}} * 24 AS daily_maximum
  FROM registers r JOIN meters m USING (meter_id) LEFT JOIN service_points s USING (service_point_id)
  WHERE least(r.valid_to, m.installed_to) IS NULL OR least(r.valid_to, m.installed_to) > greatest(r.valid_from, m.installed_from)
), installations AS (
  SELECT service_point_id, channel, meter_id, since FROM facts f
  WHERE NOT EXISTS (
    SELECT 1 FROM facts o WHERE o.service_point_id = f.service_point_id AND o.channel = f.channel AND o.meter_id = f.meter_id
      AND o.since < f.since AND (o.until IS NULL OR o.until >= f.since))
), described AS (SELECT DISTINCT service_point_id, channel FROM facts),
newest AS (
  SELECT service_point_id, channel, meter_id AS named, quantity, direction, unit, read_at, value, quality
  FROM store.register_reads WHERE kind = 'index' AND read_at IS NOT NULL AND value IS NOT NULL
  QUALIFY rank() OVER (PARTITION BY service_point_id, meter_id, channel, read_at ORDER BY coalesce(epoch_us(version), 0) DESC) = 1
), nameless AS (
  SELECT n.service_point_id, n.channel, n.read_at, min(f.meter_id) AS meter_id
  FROM (SELECT DISTINCT service_point_id, channel, read_at FROM newest WHERE named = '') n JOIN facts f
    ON f.service_point_id = n.service_point_id AND f.channel = n.channel AND f.since <= n.read_at
    AND (f.until IS NULL OR f.until >= n.read_at)
  GROUP BY ALL HAVING count(DISTINCT f.meter_id) = 1
), named AS (
  SELECT n.* EXCLUDE (named), CASE WHEN n.named = '' THEN coalesce(l.meter_id, '') ELSE n.named END AS meter_id
  FROM newest n LEFT JOIN nameless l USING (service_point_id, channel, read_at)
), met AS (
  SELECT n.*, greatest(1, (
    SELECT count(*) FROM installations i WHERE i.service_point_id = n.service_point_id AND i.channel = n.channel
      AND i.meter_id = n.meter_id AND i.since <= n.read_at)) AS stint
  FROM named n
), ranked AS (
  SELECT *, rank() OVER (PARTITION BY {_REGISTER}, read_at ORDER BY quality IN {_ESTIMATED}) AS estimates_last FROM met
), instants AS (
  SELECT {_REGISTER}, read_at, min(quantity) AS quantity, min(direction) AS direction, min(unit) AS unit, min(value) AS value,
    min(value) <> max(value) AS conflict, bool_and(quality IN {_ESTIMATED}) AS estimated
  FROM ranked WHERE estimates_last = 1 GROUP BY {_REGISTER}, read_at
), placed AS (
  SELECT *, row_number() OVER series AS place, lead(value) OVER series AS next_value,
    NOT coalesce(value = 0 AND lag(value) OVER series = 0, false) AS begins
  FROM instants WINDOW series AS (PARTITION BY {_REGISTER} ORDER BY read_at)
), zeros AS (
  SELECT *, sum(begins::INT) OVER (PARTITION BY {_REGISTER} ORDER BY place) AS run FROM placed
), runs AS (
  SELECT {_REGISTER}, run, min(value) AS value, bool_or(conflict) AS conflict, arg_max(conflict, place) AS last_conflict,
    arg_min(conflict, place) AS first_conflict
  FROM zeros GROUP BY {_REGISTER}, run
), judged AS (
  SELECT {_REGISTER}, run, coalesce(
    value = 0 AND lag(value) OVER series > 0 AND lead(value) OVER series >= lag(value) OVER series
    AND NOT (conflict OR lag(last_conflict) OVER series OR lead(first_conflict) OVER series), false) AS dropped
  FROM runs WINDOW series AS (PARTITION BY {_REGISTER} ORDER BY run)
), pairs AS (
  SELECT z.*, lag(read_at) OVER series AS read_from, lag(value) OVER series AS first_value,
    lag(conflict) OVER series OR conflict AS in_conflict, lag(estimated) OVER series OR estimated AS of_estimates,
    place - lag(place) OVER series > 1 AS dipped
  FROM zeros z JOIN judged USING (service_point_id, channel, meter_id, stint, run) WHERE NOT dropped
  WINDOW series AS (PARTITION BY {_REGISTER} ORDER BY place)
  QUALIFY read_from IS NOT NULL
), known AS (
  SELECT p.*, CASE WHEN d.channel IS NULL THEN 1 ELSE f.multiplier END AS multiplier, f.modulus, f.daily_maximum,
    coalesce(f.step, 0.000000001) AS step, p.value - p.first_value AS counted,
    (epoch_us(p.read_at) - epoch_us(p.read_from)) // 1000000 AS seconds
  FROM pairs p LEFT JOIN described d USING (service_point_id, channel)
  LEFT JOIN facts f ON f.service_point_id = p.service_point_id AND f.channel = p.channel AND f.meter_id = p.meter_id
    AND f.since <= p.read_from AND (f.until IS NULL OR p.read_at <= f.until)
  QUALIFY row_number() OVER (PARTITION BY p.service_point_id, p.channel, p.meter_id, p.stint, p.place ORDER BY f.since) = 1
), counted AS (
  SELECT * REPLACE (CASE WHEN counted < 0 AND first_value > {{rollover_guard}} * modulus THEN counted + modulus ELSE counted END
    AS counted), counted < 0 AS fell
  FROM known
), weighed AS (
  SELECT *, TRY(counted * multiplier) AS advance,
    coalesce(CASE WHEN daily_maximum IS NULL THEN modulus IS NULL OR TRY(2 * (counted * multiplier) < modulus * multiplier)
      ELSE TRY((counted * multiplier - step * multiplier) * 86400 <= daily_maximum * seconds) END, false) AS plausible,
    coalesce(next_value >= value AND daily_maximum IS NOT NULL AND value >= 0 AND 2 * value < first_value
      AND TRY(value * multiplier * 86400 <= daily_maximum * seconds), false) AS began_again
  FROM counted
), coded AS (
  SELECT *, CASE
    WHEN in_conflict THEN 'register.conflict'
    WHEN multiplier IS NULL THEN 'register.unknown'
    WHEN modulus IS NOT NULL AND NOT (first_value >= 0 AND first_value < modulus AND value >= 0 AND value < modulus)
      THEN 'register.dials'
    WHEN counted < 0 THEN CASE WHEN began_again THEN 'register.reset' ELSE 'register.decrease' END
    WHEN plausible THEN NULL
    WHEN fell THEN 'register.decrease' ELSE 'register.above_limit' END AS code,
    CASE WHEN fell THEN 'rollover' WHEN dipped THEN 'dip_dropped' ELSE 'ok' END AS status
  FROM weighed
), wrapped AS (
  SELECT *, coalesce(sum((status = 'rollover' AND code IS NULL)::INT) OVER (
    PARTITION BY {_REGISTER} ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS wraps
  FROM coded
), levelled AS (
  SELECT *, max(first_value) OVER earlier AS high,
    first_value >= coalesce(max(first_value) OVER (PARTITION BY {_REGISTER}, wraps ORDER BY place
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), first_value) AS regained
  FROM wrapped WINDOW earlier AS (PARTITION BY {_REGISTER}, wraps ORDER BY place)
), since_high AS (
  SELECT *, sum(regained::INT) OVER (PARTITION BY {_REGISTER}, wraps ORDER BY place) AS level FROM levelled
), doubted AS (
  SELECT *, value - first_value AS rise,
    high - min(first_value) OVER (PARTITION BY {_REGISTER}, wraps, level ORDER BY place) AS lost,
    lag(code) OVER series AS code_before,
    CASE WHEN lead(code) OVER series IN ('register.decrease', 'register.reset')
      THEN lead(first_value) OVER series - lead(value) OVER series ELSE 0 END AS fell_after
  FROM since_high WINDOW series AS (PARTITION BY {_REGISTER} ORDER BY place)
), told AS (
  SELECT * REPLACE (CASE
    WHEN code IS NOT NULL THEN code
    WHEN status = 'rollover' THEN CASE WHEN code_before = 'register.above_limit' THEN 'register.decrease' END
    WHEN lost > 0 AND 2 * rise > lost THEN 'register.recovery'
    WHEN fell_after > 0 AND 2 * rise > fell_after AND 2 * fell_after > rise THEN 'register.peak' END AS code)
  FROM doubted
), stints AS (
  SELECT {_REGISTER}, min(read_at) AS first_at, max(read_at) AS last_at, arg_min(value, (read_at, value)) AS opening,
    arg_max(value, (read_at, value)) AS closing, min(quantity) AS quantity, min(direction) AS direction, min(unit) AS unit
  FROM met GROUP BY {_REGISTER}
), followed AS (
  SELECT *, lag(meter_id) OVER series AS meter_before, lag(last_at) OVER series AS last_before, lag(closing) OVER series AS closed
  FROM stints WINDOW series AS (PARTITION BY service_point_id, channel ORDER BY first_at, last_at, meter_id)
)
SELECT service_point_id, meter_id, channel, quantity, direction, unit, read_from, read_at AS read_to, first_value AS index_from,
  value AS index_to, multiplier::DECIMAL(38,9) AS multiplier,
  CASE WHEN code IS NULL THEN advance::DECIMAL(38,9) END AS advance,
  CASE WHEN code IS NULL THEN status WHEN code = 'register.reset' THEN 'reset' ELSE 'error' END AS verdict, code,
  code IS NULL AND of_estimates AS estimated
FROM told
UNION ALL
SELECT service_point_id, meter_id, channel, quantity, direction, unit, last_before, first_at, closed, opening,
  NULL, NULL, 'exchange', 'register.exchange', false
FROM followed o
WHERE meter_before IS NOT NULL AND last_before <> first_at AND NOT (
  EXISTS (SELECT 1 FROM facts f WHERE f.service_point_id = o.service_point_id AND f.channel = o.channel
    AND f.meter_id = o.meter_before AND f.until = o.last_before)
  AND EXISTS (SELECT 1 FROM facts f WHERE f.service_point_id = o.service_point_id AND f.channel = o.channel
    AND f.meter_id = o.meter_id AND f.since = o.first_at))
"""


def register_advances(*, rollover_guard: Decimal, fuse_factor: Decimal) -> str:
    """Return the query of the view ``register_advances``.

    Args:
        rollover_guard: of the store's profile.
        fuse_factor: of the store's profile.
    """
    return _QUERY.strip().format(rollover_guard=f"{rollover_guard:f}", fuse_factor=f"{fuse_factor:f}")
