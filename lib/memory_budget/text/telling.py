"""How telling a word is: the rarer in text about nothing in particular, the more.

Two public collections say so, and of the two the lower value counts:

- instructions for coding agents: in how many of 1,992 public agent, command and skill files (two MIT-licensed collections,
  wshobson/agents and davila7/claude-code-templates) a word occurs: ln(1,993 / files), 6.5 for a word in fewer than three;
- language in general: the rank of a word in the token table of cl100k_base, which was made most frequent first:
  ln(rank / 250), between 0 and 6, and 6 for a word that is no token.

So "file" and "check" tell next to nothing (0.7), "treasury" tells much (4.9). Only counts of words are taken from the
collections. `tests/bench/make_telling.py` writes them beside the words of like meaning (`synonyms`), as a table of their own: an
index term and its value in hundredths; a term that is missing has `MOST`.
"""

from __future__ import annotations

#: The value of a word that neither collection has.
MOST = 6.0
