"""Text that this package writes for others to read: `templates` (Jinja2), `yaml` (manifests), `flow` (region files)."""
