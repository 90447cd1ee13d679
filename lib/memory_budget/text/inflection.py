"""Forms of one word in languages other than English: finds the other forms of a prompt's word without a stemmer.

The index keeps, for each word of foreign text, its beginning that stays the same in all forms (`ruckerstatt` for
Rückerstattungen; made by Snowball's algorithms in `index.stems`). A prompt's word is a form of the same word when it starts
so and what is left of it is an ending: Rückerstattung is `ruckerstatt` + `ung`.
"""

from __future__ import annotations

#: Letters of the shortest beginning that says something, and of the longest ending of any kind.
LEAST_STEM = 4
_SHORT_ENDING = 3
#: Longer endings of German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Polish and Turkish, accents folded.
_ENDINGS = frozenset(
    (
        "ungen igkeit igkeiten keiten heiten schaft schaften enden ender ements ement ations ation ateur ateurs atrice "
        "issement euse euses ances ence ences iques ives acion aciones amiento amientos imiento imientos mente idad idades "
        "adores adora adoras ando iendo azione azioni amento amenti imento imenti amente atore atori atrici ione ioni zione "
        "zioni zioni acao acoes icao icoes cao coes cion ciones ador adores mento mentos idade ingen heden lijk lijke lijkheid "
        "arna erna orna ningar ningen ningarna heten heter elser elserna ania enia anie enie owac owania owanie owych owego "
        "owymi ami ach iami iach leri lari lerin larin lerini larini lerde larda lerden lardan lerimiz larimiz lerine larina "
        "siniz imiz umuz miz nin nun dan den"
    ).split()
)


def beginnings(term: str) -> list[str]:
    """The beginnings of an index term that may be a stem, longest first; none for short words and names with joints."""
    if len(term) < LEAST_STEM or not term.isalpha():
        return []
    shortest = max(LEAST_STEM, (len(term) + 1) // 2)
    return [
        term[:size]
        for size in range(len(term), shortest - 1, -1)
        if len(term) - size <= _SHORT_ENDING or term[size:] in _ENDINGS
    ]
