"""Put the real output of commands into README.md: what stands below a ``run`` marker is what the command prints.

    <!-- run: m2b holds list -->           all of it
    <!-- run 12: m2b bill explain … -->    its first 12 lines

Commands run in an empty folder, beside a link to the environment, the demo first: same seed, same output.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
_BLOCK = re.compile(r"<!-- run(?: (?P<lines>\d+))?: (?P<command>.*?) -->\n(?:```console\n.*?```\n)?", re.DOTALL)
_WIDEST = 118


def with_output(text: str, folder: Path) -> str:
    """Return ``text`` with the output of each marked command below its marker.

    Args:
        text: the page.
        folder: an empty folder to run them in.
    """
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return _BLOCK.sub(lambda block: _filled(block, folder), text)


def _filled(block: re.Match[str], folder: Path) -> str:
    """Return a marker and the output of its command."""
    command = block["command"]
    program = {"make demo": "m2b demo"}.get(command, command)
    arguments = shlex.split(program)
    done = subprocess.run(  # noqa: S603 - the commands are the page's own
        [f".venv/bin/{arguments[0]}", *arguments[1:]], cwd=folder, capture_output=True, text=True, check=True
    )
    lines = [line.rstrip()[:_WIDEST] for line in done.stdout.rstrip().splitlines()]
    shown = int(block["lines"] or len(lines))
    lines = [*lines[:shown], "…"] if shown < len(lines) else lines
    marker = block[0].split("\n", 1)[0]
    return "\n".join([marker, "```console", f"$ {command}", *lines, "```", ""])


def main() -> None:
    """Rewrite the README."""
    with tempfile.TemporaryDirectory() as folder:
        README.write_text(with_output(README.read_text("utf-8"), Path(folder)), "utf-8")


if __name__ == "__main__":
    main()
