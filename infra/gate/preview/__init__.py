"""Judging what `pulumi preview --json` prints.

`read` takes the file, `steps` turns its steps into changes, `opaque` stands for values that a preview hides, `verdict`
judges.
"""
