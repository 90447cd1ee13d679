"""The one-shot installer behind `install.py`: standard library only, and it can undo each of its changes."""
