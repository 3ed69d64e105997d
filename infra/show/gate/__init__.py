"""How the gate's verdict is shown: terminal, Markdown, JUnit, SARIF, plain data.

Read `text` (words that nothing in a value can act on), `figures` (numbers before and after), `folding` (changes that
are alike, as one) and `lines` (a field that differs); then the forms: `terminal`, `markdown` (with `escape`), `junit`,
`sarif` and `data`. `rules` says which rules the reports name, `listing` prints them all.
"""
