"""Kubernetes objects of every building block: pure functions from the plan to plain data."""
