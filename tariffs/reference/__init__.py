"""A second engine: slow, plain, and on its own. It follows the document interval by interval, in exact fractions.

It shares the parsed document with the engine that bills, and nothing below it: no calendar, no rounding, no ladder. Where
the two agree on a bill, two readings of the document agree. ``tariffs.reference.billing.bill`` makes the bill of one
agreement from its intervals, ``bill_sums`` from the sums of its registers.

What the document leaves to its reader is read here as follows.

Time
    - A local day falls to the billing period that has its first instant; days are those of the billing clock. Where a billing
      period has two versions, each has the days on which it is in force, and of what is charged by the period that share of
      days. A version with hours and no day of the period charges nothing by time. A billing period without a whole day is
      shared equally.
    - Intervals, tiers that start anew each day, daily maxima and the days of demand windows are by the tariff's clock.
    - The month of a billing period, the season of a billing cycle and the year of a ladder are those of its first or last
      local day by the billing clock, also where only hours of that day are billed.
    - A time of day of an event that the clock shows twice is the first; one that it leaps over is the first after the leap. A
      period that names the event has both hours.
    - A period occurs on a day when some minute of its calendar date belongs to it.

Numbers
    - An amount has 18 decimals at most and a limit 12: quotients are rounded half to even there. What is laid on amounts
      (percentages, minimum bills, taxes, banks) is laid on amounts so rounded.
    - A line shows its quantity at nine decimals. The steps of a ladder are shown so that they add up to the kWh climbed: their
      running sums are rounded. Where periods share a step pro rata, the parts add up to the step, and where versions share a
      month, to one month (largest remainder).
    - ``rounding.interval_quantity`` is for every determinant of an interval, before anything is made of it; power is measured on
      what is left. Sums alone cannot be rounded so.
    - What is rounded, of lines and of taxes, is the amount at its 18 decimals.
    - ``rounding.quantity`` is for what was measured; time, sums of money, the kWh of a bank and prices in series are not
      rounded by it: a series multiplies each interval, not the line's quantity.

Energy
    - Where the kWh of the periods cancel each other out, each period's stand on the step where the ladder stands.
    - Charges that share the periods among them climb a ladder each, on the kWh of all periods, and bill the steps of their own.
    - In time order a negative interval comes down the ladder that was climbed: the steps of a billing period add up to those of
      its sum. So it is with the ladder of a year.
    - The ladder of a year is climbed by what its charge bills, on all versions of it alike and never prorated; a ladder of each
      period carries a number of its own. Where the charge does not stand the climb is kept.
    - A block of hours use is in proportion to its version's days, as limits are; a step inside it ends where the block does.
    - Where a charge has a price in series, an interval needs a value though nothing was used in it.

Power
    - A version measures its own intervals; the peak of a month is the highest of all versions and billing periods that have it.
    - Peaks are kept for ratchets in months in which the charge does not stand, as far back as this billing period may look.
    - A ratchet measures as its charge does, unless it says how; it bills the same kW in every priced period, and so does a
      version's billing demand. A period is charged where a window that counts begins in it.
    - A power factor corrects the measured kW, also those that feed the charge's own ratchet, not a version's billing demand. It
      is that of the whole billing period: 1 without any energy, 0 with reactive energy alone; at 0 it corrects nothing.
    - kVA are the root of the window's kWh and kvarh at nine decimals, divided by its hours. A line of power shows kW; days
      and shares of months are in its amount alone.
    - Contracted power is charged in each priced period, whether it occurs or not; its peak where it does not is zero.
    - The kW of an event are rounded to 12 decimals after they are added up or averaged; they may be negative.

Money
    - A percentage ``above`` an amount looks at each version's lines alone, and at that version's share of the amount by days. A
      minimum bill of a year belongs to the year of the billing period's first day.
    - A fee on a date is charged by the version in force then, at the start by the first of the billing period, at the end by
      the last.
    - Money earned under ``nem_money`` goes through the bank, and comes out of it as a line of kind ``bank``. Banks follow the
      newest version, and all versions of a billing period say the same of them; what lies in a bank that has no rule stays. A
      true-up pays all periods on one line.
    - A tax ``on: line`` rounds the tax of each taxed line; the exact amount is that of the sum. Export that bears tax is
      export alone, no bank and no true-up.
"""
