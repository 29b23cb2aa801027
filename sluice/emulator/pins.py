"""The exact versions of what runs in the emulator's virtual environment; internals move daily, so no other will do."""

from __future__ import annotations

PINS = {"ministack": "1.5.33", "aws-sam-translator": "1.115.0"}
