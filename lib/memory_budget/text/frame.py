"""The tags of a block's frame."""

from __future__ import annotations

TAG = "project-memory"
FILE_TAG = "memory-file"
LEFT_OUT_TAG = "memory-left-out"
