"""How the gate's verdict is shown: terminal, Markdown, JUnit, SARIF, plain data.

- `text`: values, names, places and sentences as text that nothing in a value can act on: cleaned, cut, in the plural.
- `figures`: numbers as words: a region's figures before and after, its blast radius, counts of objects, of findings.
- `folding`: what is alike as one: changes as families and sections, rows of stacks, findings of many places.
- `lines`: a changed field as lines with `+` and `-`.
- `terminal`: the verdict on a terminal.
- `escape`: values inside Markdown: prose, code, links, HTML, fences.
- `markdown`: the verdict as the comment on a pull request.
- `reported_rules`: which rules a report names: all that are registered, those that were run on a region or on all.
- `junit`: the verdict as a JUnit report.
- `sarif`: the verdict as a SARIF log.
- `data`: the verdict as JSON data.
- `listing`: the list of all rules, on a terminal and as JSON data (`gate --rules`).
"""
