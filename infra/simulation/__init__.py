"""A region played in the sandbox, with simulated hardware.

`region` starts an API server for each cluster, with its kinds, kubeconfigs and contexts, and plays the owner of adopted
clusters; `nodes` are those that its racks would register.
"""
