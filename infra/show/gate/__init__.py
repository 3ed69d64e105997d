"""How the gate's verdict is shown: terminal, Markdown, JUnit, SARIF, plain data."""
