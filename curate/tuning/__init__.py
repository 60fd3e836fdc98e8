"""Supervised fine-tuning: torch lives only here, and only inside functions."""
