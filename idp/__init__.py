"""Sésame: an identity provider that owns the personal account and knows companies, seats, roles and mandates."""

__version__ = "0.1.0"
