"""What the shipped database of words says of them: those of like meaning, and how telling each is. Both are small read-only tables;
an open index attaches the database, so nothing is copied and a start reads only the rows of its prompt's terms.

Like meaning: made by `tests/bench/make_thesaurus.py`. One row a term: the terms most like it, best first, joined by spaces, a tab,
and one character for each, whose code is the likeness in per cent (`0` is 48); all are index terms. The row of `invoic`:

    payment appendic invok ...<TAB>0-- ...

How telling: the rarer in text about nothing in particular, the more. Two public collections say so, and of the two the
lower value counts:

- instructions for coding agents: in how many of 1,992 public agent, command and skill files (two MIT-licensed collections,
  wshobson/agents and davila7/claude-code-templates) a word occurs: ln(1,993 / files), 6.5 for a word in fewer than three;
- language in general: the rank of a word in the token table of cl100k_base, which was made most frequent first:
  ln(rank / 250), between 0 and 6, and 6 for a word that is no token.

So "file" and "check" tell next to nothing (0.7), "treasury" tells much (4.9). Only counts of words are taken from the
collections. `tests/bench/make_telling.py` writes them: an index term and its value in hundredths; a term that is missing has `MOST`.
"""

from __future__ import annotations

PATH = __file__.removesuffix("thesaurus.py") + "synonyms.sqlite"
#: The value of a word that neither collection has.
MOST = 6.0


def parse_synonyms(others: str) -> list[tuple[str, float]]:
    """The terms of one row with their likeness from 0 to 1, best first."""
    names, _, marks = others.partition("\t")
    return list(zip(names.split(" "), [mark / 100 for mark in marks.encode()], strict=True))
