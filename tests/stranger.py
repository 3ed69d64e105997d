"""Twenty functions to ask a stranger for: `python -m tests.stranger COMMIT [--answers]`.

Whoever knows only README and package docstrings should open the right module first. The hash of a commit draws the
functions, so that nobody chooses them; docs/stranger.md holds the last answers.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDERS = ("components", "infra")
COUNT = 20


def functions() -> Iterator[tuple[str, str, str]]:
    """Module, name and docstring of every public function at the top of a module; a package's own file has none."""
    for folder in FOLDERS:
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            name = str(file.relative_to(REPOSITORY))
            for node in ast.parse(file.read_bytes()).body:
                if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                    continue
                if file.name != "__init__.py" and (text := ast.get_docstring(node)):
                    yield name, node.name, text


def drawn(commit: str, count: int = COUNT) -> list[tuple[str, str, str]]:
    """The functions with the lowest digests of the commit's hash and their place."""

    def digest(function: tuple[str, str, str]) -> bytes:
        module, name, _ = function
        return hashlib.blake2b(f"{commit}{module}:{name}".encode()).digest()

    return sorted(functions(), key=digest)[:count]


def packages() -> Iterator[tuple[str, str, list[str]]]:
    """Folder, docstring and modules of every package."""
    for folder in FOLDERS:
        for file in sorted((REPOSITORY / folder).rglob("__init__.py")):
            modules = sorted(path.name for path in file.parent.glob("*.py") if path != file)
            yield (
                str(file.parent.relative_to(REPOSITORY)),
                ast.get_docstring(ast.parse(file.read_bytes())) or "",
                modules,
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.stranger", description=__doc__)
    parser.add_argument("commit", help="full hash of the commit before")
    parser.add_argument(
        "--answers", action="store_true", help="say where the functions stand, in place of the questions"
    )
    args = parser.parse_args()
    chosen = drawn(args.commit)
    if args.answers:
        for number, (module, name, _) in enumerate(chosen, start=1):
            print(f"{number}. {module}: {name}")
        return
    for folder, text, modules in packages():
        print(f"## {folder}/\n\n{text}\n\nModules: {', '.join(modules)}\n")
    print("# Functions\n")
    for number, (_, _, text) in enumerate(chosen, start=1):
        print(f"{number}. {text}\n")


if __name__ == "__main__":
    main()
