"""From records to a verdict.

`region` judges a region under change, `standing` one as it stands; `verdict` is what the gate says. What a rule is
stands in `gate.rule`; the rules themselves, and what runs them, in `gate.rules`.
"""
