"""Lint: what is wrong with a template, and with a source under a template and a model."""
