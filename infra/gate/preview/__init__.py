"""Judging what `pulumi preview --json` prints.

- `recording`: the file itself, digest or events, read as steps; what is wrong with a file.
- `objects`: previewed Kubernetes resources as objects: manifests from their inputs, ids as a plan gives them.
- `changes`: steps of a resource as a change of its object.
- `read`: all that a preview says, from its file: objects, changes, diagnostics.
- `verdict`: findings of a preview, and the verdict on it.

Values that a preview hides are `gate.opaque`.
"""
