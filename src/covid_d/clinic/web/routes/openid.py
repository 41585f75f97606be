"""Pages: sign in through an identity provider."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
