"""What crosses a stage or is stored: every column declared once, every error, every code.

This package imports nothing else of the project, and neither Beam nor a disk.
"""

import zoneinfo

# Zone rules come from the pinned tzdata package, never from whatever the computer has: the same run, the same rows.
zoneinfo.reset_tzpath(to=())
