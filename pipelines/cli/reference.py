"""The help of every command as one page: what people read is what the program says."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pipelines.cli.main import m2b

WIDTH = 110
"""Columns of the help, the same on every terminal."""
_HEAD = """# Commands

Generated from the commands' own help by `make docs`; a test compares the two. Exit codes and the shape of `--json`:
[exit codes](exit_codes.md).
"""


def command_reference() -> str:
    """Return the page as Markdown; every command's module is imported."""
    root = click.Context(m2b, info_name="m2b", terminal_width=WIDTH, **m2b.context_settings)
    return "\n".join([_HEAD, *_sections(root)])


def _sections(context: click.Context) -> Iterator[str]:
    """Yield the section of a command, then those of the commands below it."""
    yield f"## `{context.command_path}`\n\n```text\n{context.command.get_help(context).rstrip()}\n```\n"
    if not isinstance(context.command, click.Group):
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _sections(click.Context(command, info_name=name, parent=context, **command.context_settings))
