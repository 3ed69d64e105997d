"""Renders the package's Jinja2 templates: files in foreign syntaxes that land on hosts."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2

_PACKAGE = "ai_factory.templates"


def _source(name: str) -> str | None:
    path = resources.files(_PACKAGE).joinpath(name)
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # takes longer than a plan that renders nothing

    # The results are YAML and scripts, where HTML escaping would corrupt quotes.
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=False,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def render(name: str, **values: Any) -> str:
    """Text of one of the package's Jinja2 templates.

    Args:
        name: path below `templates/`, such as `kubeadm/kubelet.yaml.j2`.
        values: what the template names; each must be given.

    Raises:
        jinja2.TemplateNotFound: there is no such template.
        jinja2.UndefinedError: the template names a value that is not given.
    """
    return _environment().get_template(name).render(**values)
