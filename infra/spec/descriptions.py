"""What the fields of a model are: the docstrings below them.

They are read from the source when somebody asks. pydantic's `use_attribute_docstrings` reads them as each class is
made, which took a tenth of `aifactory check`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise

import pydantic


@functools.cache
def descriptions(model: type[pydantic.BaseModel]) -> dict[str, str]:
    """Descriptions of a model's fields by name, inherited ones too; a field without a docstring is left out."""
    bases = [base for base in reversed(model.__mro__) if issubclass(base, pydantic.BaseModel)]
    texts = dict(pair for base in bases if base is not pydantic.BaseModel for pair in _own(base))
    return {name: text for name, text in texts.items() if name in model.model_fields}


def _own(model: type[pydantic.BaseModel]) -> Iterator[tuple[str, str]]:
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    for field, below in pairwise(getattr(tree, "body", ())):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = getattr(below.value, "value", None)
            if isinstance(text, str):
                yield field.target.id, inspect.cleandoc(text)
