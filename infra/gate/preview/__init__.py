"""Judging what `pulumi preview --json` prints: `read` takes the file, `steps` turns its steps into changes, `verdict`
judges them. Values that a preview hides are `gate.opaque`.
"""
