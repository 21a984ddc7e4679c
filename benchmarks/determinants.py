"""Billing determinants of a month over fifty tariffs, beside one DuckDB statement that does only the time-of-use sums.

    python benchmarks/determinants.py --service-points 100000

Half-hourly, from the validated files of a store. Thirty tariffs of the fifty have time of use, ten a ladder in time order, ten a demand by
period; DuckDB sums the same fifty calendars, and neither ladders nor demand. Both have two threads, read the same files, and are
timed in turns in one process; the fastest of three counts. The store is made first, by a process of its own, and not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
