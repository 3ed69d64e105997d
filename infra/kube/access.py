"""From a region's `access` to a connection: kubeconfig contexts, commands, Cluster API's kubeconfig secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import Cluster, Context, User

from .. import spec
from ..errors import UnavailableError
from ..spec import source
from ..spec.problems import InputError
from . import kubeconfig
from .credentials import resolved_user


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to talk to an API server, as of now."""

    config: SingleConfig
    proxy: str | None = None
    """Proxy that the kubeconfig names."""

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self.config.cluster.server)


class Source(Protocol):
    """Gives a connection, and a fresh one when credentials were refused."""

    @property
    def name(self) -> str:
        """How errors name it."""

    def connection(self) -> Connection:
        """The connection as of now (UnavailableError if there is none)."""


@dataclass(frozen=True, slots=True)
class ContextSource:
    """A context of kubeconfig files."""

    context: str
    files: Sequence[Path] = field(default_factory=kubeconfig.files_in_use)

    @property
    def name(self) -> str:
        """`context <name>`."""
        return f"context {self.context}"

    def connection(self) -> Connection:
        """The connection of the context; the contexts that there are if it is none of them."""
        named = ", ".join(str(file) for file in self.files)
        if not any(file.is_file() for file in self.files):
            raise UnavailableError(f"{self.name}: there is no kubeconfig {named}", "name one in KUBECONFIG")
        with _usable(self.name):
            try:
                merged = kubeconfig.read(self.files)
            except InputError as error:
                raise UnavailableError(str(error.problems[0])) from None
        contexts = [entry["name"] for entry in merged["contexts"]]
        if self.context not in contexts:
            listed = ", ".join(contexts) or "none"
            remedy = f"set KUBECONFIG to a file that has it, or change access in the region file; it has: {listed}"
            raise UnavailableError(f"there is no {self.name} in {named}", remedy)
        return _connection(merged, self.context, self.name)


@dataclass(frozen=True, slots=True)
class TextSource:
    """A kubeconfig as text, fetched anew each time: a secret that rotates, or a command's."""

    name: str
    fetch: Callable[[], str]

    def connection(self) -> Connection:
        """The connection of its current context."""
        text = self.fetch()
        try:
            config: kubeconfig.Kubeconfig = {"clusters": [], "contexts": [], "users": []}
            config |= source.parse_foreign(text, self.name)
            context = str(config.get("current-context") or config["contexts"][0]["name"])
        except (InputError, TypeError, ValueError, KeyError, IndexError):
            raise UnavailableError(f"{self.name}: not a kubeconfig", "see what wrote it") from None
        return _connection(config, context, self.name)


def exec_source(target: str, command: spec.Exec, root: Path) -> TextSource:
    """Access by a command that prints credentials (InputError if its `ca_file` can't be read)."""
    authority = kubeconfig.authority(command, root)
    return TextSource(f"access of {target}", lambda: kubeconfig.for_command(target, command, authority))


@contextmanager
def _usable(name: str) -> Iterator[None]:
    """Say of entries that have another shape than a kubeconfig's that they can't be used (UnavailableError)."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UnavailableError(f"{name}: the kubeconfig can't be used: {why}", "mend it") from None


def _connection(config: kubeconfig.Kubeconfig, context: str, name: str) -> Connection:
    """The connection of a context; UnavailableError, with the name of the access, if an entry can't be used."""
    with _usable(name):
        chosen = _entry(config, "contexts", context, name)
        cluster = _entry(config, "clusters", str(chosen.get("cluster")), name)
        if cluster.get("tls-server-name"):
            message = f"{name}: tls-server-name is not supported here"
            raise UnavailableError(message, "put the name in the server's certificate into `server`")
        user = _entry(config, "users", str(chosen["user"]), name) if chosen.get("user") else {}
        single = SingleConfig(
            context_name=context,
            context=Context(cluster=str(chosen["cluster"])),
            cluster=msgspec.convert(dict(cluster), Cluster),
            user=msgspec.convert(resolved_user(name, user, cluster), User),
            fname=Path.cwd() / "kubeconfig",
        )
        return Connection(config=single, proxy=msgspec.convert(cluster.get("proxy-url"), str | None))


def _entry(config: kubeconfig.Kubeconfig, kind: str, wanted: str, name: str) -> Mapping[str, Any]:
    body = kubeconfig.entry_of(config, kind, wanted)
    if body is None:
        raise UnavailableError(f"{name}: the kubeconfig has no {kind.removesuffix('s')} {wanted!r}", "mend it")
    return body
