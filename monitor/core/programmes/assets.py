"""What a trial is about, as its interventions name it: the asset by which trials make a programme.

Case, doses, forms and salts are left out of a name. What half of all trials hold (placebo, standard of care,
the usual chemotherapy) is nobody's asset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from monitor.core.record import Text, TrialRecord

_KINDS = frozenset({"DRUG", "BIOLOGICAL", "GENETIC", "COMBINATION_PRODUCT", "DEVICE"})
"""Types of intervention that somebody develops; a procedure or a questionnaire is alike by chance."""
_BACKGROUND = """
placebo, matching placebo, sham, vehicle, saline, normal saline, water, standard of care, standard care,
soc, usual care, best supportive care, standard treatment, standard therapy, standard chemotherapy,
chemotherapy, chemo, radiotherapy, radiation, chemoradiotherapy, chemoradiation, investigator's choice,
physician's choice, treatment of physician's choice, control, comparator, active comparator, no
treatment, observation, background therapy, endocrine therapy, carboplatin, cisplatin, oxaliplatin,
nedaplatin, paclitaxel, nab-paclitaxel, albumin-bound paclitaxel, docetaxel, pemetrexed, gemcitabine,
capecitabine, fluorouracil, 5-fluorouracil, 5-fu, s-1, tegafur, leucovorin, folinic acid, calcium
folinate, irinotecan, etoposide, doxorubicin, epirubicin, cyclophosphamide, vincristine, vinorelbine,
methotrexate, cytarabine, azacitidine, decitabine, temozolomide, fludarabine, busulfan, melphalan,
dexamethasone, prednisone, prednisolone, methylprednisolone, folfox, mfolfox6, folfiri, xelox, capox,
r-chop, rituximab, trastuzumab, bevacizumab, pembrolizumab, nivolumab, atezolizumab, letrozole,
anastrozole, tamoxifen, fulvestrant, metformin, insulin, insulin glargine, aspirin, acetaminophen,
paracetamol, ibuprofen, heparin, warfarin, atorvastatin, vitamin d, folic acid, antihistamine,
antibiotics, midazolam, caffeine, omeprazole, itraconazole, rifampin, rifampicin
"""
BACKGROUND = frozenset(name.strip() for name in " ".join(_BACKGROUND.split()).split(","))
"""What is given beside or against the tested one in any trial, or never by itself."""
_SALTS = (
    "hydrochloride|dihydrochloride|hcl|hydrobromide|mesylate|tosylate|besylate|maleate|fumarate|tartrate|succinate|"
    "phosphate|sulfate|sulphate|acetate|citrate|malate|sodium|potassium|calcium|bromide|chloride|monohydrate|hydrate"
)
_FORMS = (
    "injection|injections|tablet|tablets|capsule|capsules|infusion|solution|suspension|cream|ointment|gel|spray|powder|"
    "liposome|oral|intravenous|subcutaneous|intramuscular|topical|inhaled|iv|sc|im|po|monotherapy|combination|low|high|"
    "dose|doses|level|arm|part|cohort|group|therapy|treatment|for|once|twice|daily|weekly|bid|qd|tid|q2w|q3w|q4w|q6w"
)
_NOISE = re.compile(rf"\b(?:{_SALTS}|{_FORMS})\b")
_DOSE = re.compile(
    r"\bauc\s*[=:]?\s*\d+(?:\.\d+)?|"
    r"\d+(?:[.,]\d+)?\s*(?:mg|µg|μg|mcg|ug|g|kg|ml|l|iu|u|mci|gbq|%)"
    r"(?:\s*/\s*(?:kg|m2|m²|ml|day|d|dose|h))*(?![\w])"
)
_PARTS = re.compile(
    r"\s*(?:\+|/|;|,|\(|\)|\[|\]|\bplus\b|\band\b|\bwith\b|\bin combination\b|\bcombined\b|\bor\b)\s*"
)
_NUMBERED = re.compile(r"^\d{1,2}\s*[:.]\s*")
_SPACE = re.compile(r"[\s®™]+")
_SHORTEST = 3


def asset_names(record: TrialRecord) -> tuple[str, ...]:
    """The names of what the trial tests, as written: of each intervention its own, then its other ones."""
    named: list[str] = []
    others: list[str] = []
    for item in record.items("armsInterventions.interventions").values():
        if item.get("type") in _KINDS:
            named += _texts(item.get("name"))
            others += _texts(item.get("otherNames"))
    return tuple(dict.fromkeys([*named, *others]))


def assets(names: Iterable[str]) -> Mapping[str, str]:
    """Assets by the form they are compared in, as written the first time."""
    found: dict[str, str] = {}
    for name in names:
        for shown in _PARTS.split(name):
            if form := asset_form(shown):
                found.setdefault(form, _cased(form, shown))
    return found


def _cased(form: str, shown: str) -> str:
    """The form as somebody wrote it."""
    at = shown.casefold().find(form)
    return shown[at : at + len(form)] if at >= 0 else form


@lru_cache(maxsize=4096)
def asset_form(name: str) -> str:
    """A name without case, dose, form and salt; empty for what is nobody's asset."""
    folded = _SPACE.sub(" ", name).strip().casefold()
    if folded in BACKGROUND:
        return ""
    bare = _NUMBERED.sub("", " ".join(_NOISE.sub(" ", _DOSE.sub(" ", folded)).split())).strip(" -.:")
    words = [word for word in re.split(r"[\s-]", bare) if word]
    plain = any(word in ("placebo", "sham", "chemotherapy", "standard", "care", "choice") for word in words)
    if bare in BACKGROUND or plain or len(bare) < _SHORTEST or not any(c.isalpha() for c in bare):
        return ""
    return bare


def _texts(value: object) -> list[str]:
    match value:
        case Text(shown=shown):
            return [shown]
        case str():
            return [value]
        case frozenset():
            return sorted(value)
    return []
