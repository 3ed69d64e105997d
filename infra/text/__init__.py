"""Text that this package writes for others to read.

`yaml` writes manifests as YAML documents, `flow` one-line values and comments of region files, `templates` renders the
Jinja2 files of `templates/`: kubeadm, cloud-init, region files, pull-request comments.
"""
