"""Chalice Blueprints: decorators translate wire to values and values to wire."""
