"""What a numeric limit can be about: the field's own terms, as data.

A term is known by its spellings and by the families of units it is measured in. A number beside a term that
is not measured in its unit is not the term's limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_CELLS = ("cells", "times ten to the 9", "times ten to the 3", "")
_MASS = ("mass per volume", "amount per volume", "")
_SERUM = ("ULN", "mass per volume", "amount per volume", "")
_ENZYME = ("ULN", "activity", "")
_SCORE = ("",)


@dataclass(frozen=True, slots=True)
class Term:
    """What is measured, and in which families of units."""

    name: str
    families: tuple[str, ...]
    score: bool = False
    """A small scale: `0 or 1` and a bare `0-1` are limits of it."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A term at a place in a text."""

    term: Term
    start: int
    end: int


_TERMS: tuple[tuple[Term, str], ...] = (
    (
        Term("ECOG", _SCORE, score=True),
        (
            r"ECOG|eastern\s+cooperative\s+oncology\s+group|zubrod"
            r"|(?:WHO|world\s+health\s+organi[sz]ation)\s+performance"
            r"|(?-i:WHO)\s+PS\b|performance\s+status\s+\(?WHO"
        ),
    ),
    (Term("Karnofsky", ("", "percent"), score=True), r"karnofsky|\bKPS\b"),
    (Term("Lansky", ("", "percent"), score=True), r"lansky"),
    (
        Term("prior lines of therapy", ("",)),
        (
            r"(?:(?:prior|previous)\s+(?:\w+[\s\-]+){0,4}?|(?<!first-)(?<!second-))\b(?:lines?|regimens?)\b"
            r"(?!\s+or\b)(?:\s+of\s+(?:prior\s+|previous\s+)?(?:\w+[\s\-]+){0,3}?(?:therap\w+|treatments?))?"
        ),
    ),
    (
        Term("ANC", _CELLS),
        r"\bANC\b|absolute\s+neutrophils?(?:\s+count)?|neutrophils?(?:\s+counts?)?|granulocytes?",
    ),
    (Term("lymphocytes", (*_CELLS, "percent")), r"(?:absolute\s+)?lymphocytes?(?:\s+counts?)?|\bALC\b"),
    (Term("eosinophils", (*_CELLS, "percent")), r"(?:blood\s+)?eosinophils?(?:\s+counts?)?|\bBEC\b"),
    (Term("WBC", _CELLS), r"\bWBCs?\b|white\s+blood\s+cells?|white\s+cell|leu[ck]ocytes?"),
    (Term("platelets", _CELLS), r"platelets?(?:\s+counts?)?|\bPLT\b|thrombocytes?"),
    (Term("CD4", _CELLS), r"CD4\+?"),
    (
        Term("HbA1c", ("percent", "ratio of amounts", "")),
        r"\bHbA1c\b|\bA1C\b|glyc(?:osyl)?ated\s+ha?emoglobin|\bHbA1C\b",
    ),
    (Term("hemoglobin", _MASS), r"ha?emoglobin|\bHgb?\b|\bHb\b"),
    (Term("creatinine clearance", ("clearance", "")), r"creatinine\s+clearance|\bCr\s?Cl\b|\bCLcr\b|\bCCR\b"),
    (
        Term("eGFR", ("clearance", "")),
        r"\be?GFR\b|(?:estimated\s+)?glomerular\s+filtration(?:\s+rate)?",
    ),
    (Term("creatinine", _SERUM), r"creatinine|\bSCr\b"),
    (Term("bilirubin", _SERUM), r"bilirubin|\bTBIL\b|\bTBil\b"),
    (Term("AST/ALT", _ENZYME), r"transaminases?|aminotransferases?|liver\s+enzymes?"),
    (Term("AST", _ENZYME), r"\bS?AST\b|\bSGOT\b|aspartate\s+(?:amino|trans)\w*"),
    (Term("ALT", _ENZYME), r"\bS?ALT\b|\bSGPT\b|alanine\s+(?:amino|trans)\w*"),
    (Term("alkaline phosphatase", _ENZYME), r"alkaline\s+phosphatase|\bALP\b|\bAKP\b"),
    (Term("GGT", _ENZYME), r"\bGGT\b|gamma[- ]glutamyl"),
    (Term("lipase", _ENZYME), r"\blipase\b"),
    (Term("amylase", _ENZYME), r"\bamylase\b"),
    (Term("creatine kinase", _ENZYME), r"creatine\s+(?:phospho)?kinase|\bCPK\b|\bCK\b"),
    (Term("LDH", _ENZYME), r"\bLDH\b|lactate\s+dehydrogenase"),
    (Term("INR", ("ULN", "")), r"\bINR\b|international\s+normali[sz]ed\s+ratio"),
    (Term("aPTT", ("ULN", "")), r"\ba?PTT\b|partial\s+thromboplastin"),
    (Term("PT", ("ULN", "")), r"\b(?-i:PT)\b|prothrombin\s+time"),
    (
        Term("albumin", ("mass per volume", "")),
        r"(?<!micro)\balbumin\b(?!\s*[-/]?\s*(?:to\s+)?(?:creatinine|ratio))",
    ),
    (Term("UACR", ("ratio", "ratio molar", "")), r"\bUACR\b|albumin[\s/\-]*(?:to[\s\-]*)?creatinine\s+ratio"),
    (
        Term("UPCR", ("ratio", "ratio molar", "mass per day", "")),
        r"\bUPCR\b|protein[\s/\-]*(?:to[\s\-]*)?creatinine\s+ratio",
    ),
    (Term("proteinuria", ("mass per day", "mass per volume", "")), r"proteinuria|urinary?\s+protein"),
    (
        Term("LVEF", ("percent",)),
        r"\bLVEF\b|(?:left\s+ventricular\s+)?ejection\s+fraction(?:\s*\(\s*LVEF\s*\))?|\bEF\b",
    ),
    (Term("QTc", ("milliseconds",)), r"\bQTc?[FB]?\b|corrected\s+QT(?:\s+interval)?"),
    (Term("heart rate", ("rate",)), r"heart\s+rate|\bpulse\b"),
    (Term("systolic blood pressure", ("pressure",)), r"systolic(?:\s+(?:blood\s+pressure|BP))?|\bSBP\b"),
    (Term("diastolic blood pressure", ("pressure",)), r"diastolic(?:\s+(?:blood\s+pressure|BP))?|\bDBP\b"),
    (Term("BMI", ("body mass", "")), r"\bBMI\b|body\s+mass\s+ind(?:ex|ices)"),
    (Term("body weight", ("mass",)), r"(?:body\s+)?weigh(?:t|s|ing)\b"),
    (
        Term("fasting glucose", _MASS),
        r"(?:fasting\s+)(?:plasma\s+|blood\s+|serum\s+)?glucose|\bFPG\b|\bFBG\b",
    ),
    (Term("LDL cholesterol", _MASS), r"\bLDL(?:-?C)?\b(?:\s+cholesterol)?|low[- ]density\s+lipoprotein"),
    (Term("triglycerides", _MASS), r"triglycerides?|\bTGs?\b"),
    (Term("NT-proBNP", ("mass per volume", "")), r"\bNT[\s\-]?pro[\s\-]?BNP\b"),
    (Term("BNP", ("mass per volume", "")), r"(?<!pro)(?<!pro-)(?<!pro )\bBNP\b"),
    (Term("PSA", ("mass per volume", "")), r"\bPSA\b|prostate[- ]specific\s+antigen"),
    (Term("testosterone", ("mass per volume", "amount per volume")), r"testosterone"),
    (Term("calcium", _SERUM), r"\bcalcium\b"),
    (Term("potassium", ("amount per volume", "equivalents", "ULN", "")), r"\bpotassium\b"),
    (
        Term("viral load", ("copies", "activity per mL")),
        r"viral\s+load|HIV[- ](?:1\s+)?RNA|HBV[- ]DNA|HCV[- ]RNA|\bRNA\b|\bDNA\b",
    ),
    (Term("FEV1", ("percent",)), r"\bFEV\s*(?:1|₁)(?!\s*/)(?:\s*\(?%?)?|forced\s+expiratory\s+volume"),
    (Term("FEV1/FVC", ("", "percent")), r"\bFEV\s*(?:1|₁)\s*/\s*FVC"),
    (Term("DLCO", ("percent",)), r"\bDLCO\b|diffusing\s+capacity"),
    (Term("SpO2", ("percent",)), r"\bSp?O\s*(?:2|₂)\b|oxygen\s+saturation|\bSaO\s*2\b"),
    (Term("age", ("time", "")), r"\bage[ds]?\b"),
    (
        Term("life expectancy", ("time",)),
        r"(?:life\s+expectancy|expected\s+(?:survival|lifespan)|survival\s+expectancy)",
    ),
    (Term("blasts", ("percent",)), r"\bblasts?\b"),
    (Term("PD-L1", ("percent", "")), r"\bPD-?L1\b"),
    (Term("pack-years", ("pack-years",)), r"\bsmok\w+"),
    (
        Term("lesion size", ("length",)),
        r"\b(?:lesions?|tumou?rs?|nodul\w+|mass|diameter|axis|metastas[ei]s)\b",
    ),
    (Term("seizures", ("",)), r"\bseizures?\b"),
    (Term("relapses", ("",)), r"\b(?:relapses|exacerbations?)\b"),
    (Term("measurable lesions", ("",)), r"\b(?:measurable|target)\s+(?=lesions?\b)"),
)
_BEGINS = r"(?:(?<![^\W_])|(?<=\bhyper)|(?<=\bhypo))"
"""Where a word does: "antiplatelet" names no platelets, "recognized" no ECOG; other places are not tried."""
_MENTIONS = re.compile(
    f"{_BEGINS}(?:{'|'.join(f'(?P<t{number}>{said})' for number, (_, said) in enumerate(_TERMS))})", re.I
)
_BY_GROUP: Mapping[str, Term] = MappingProxyType(
    {f"t{number}": term for number, (term, _) in enumerate(_TERMS)}
)

THERAPIES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        name: re.compile(said, re.I)
        for name, said in {
            "chemotherapy": r"chemotherap\w+|cytotoxic",
            "radiotherapy": r"radio\w*therap\w+|radiation",
            "surgery": r"surger\w+|surgical",
            "immunotherapy": r"immunotherap\w+|checkpoint",
            "anticancer therapy": r"anti-?\s?(?:cancer|tumou?r|neoplastic)",
            "targeted therapy": r"targeted\s+(?:therap|agent|drug)\w*|kinase\s+inhibitor",
            "hormonal therapy": r"(?:hormon\w+|endocrine)\s+therap\w+",
            "systemic therapy": r"systemic\s+(?:therap|treatment)\w*",
            "investigational agents": r"(?:investigational|experimental|study)\s+(?:\w+\s+)?"
            r"(?:drug|agent|product|device|therap|treatment|medic)\w*|(?:clinical|another|other)\s+(?:\w+\s+)?(?:trial|study)",
            "live vaccines": r"vaccin\w+",
            "transfusion": r"transfusions?",
            "growth factors": r"growth\s+factors?|G-?CSF|colony[- ]stimulating",
            "corticosteroids": r"(?:cortico)?steroids?|glucocorticoids?|prednis\w+",
            "immunosuppressants": r"immunosuppress\w+",
            "biologics": r"biologics?\b|biological\s+(?:agent|therap|treatment)\w*|monoclonal|antibod\w+",
            "antibiotics": r"antibiotics?|antimicrobials?",
            "anticoagulants": r"anticoagula\w+",
            "CYP inhibitors": r"CYP\s?\w+|cytochrome",
            "cell therapy": r"transplant\w*|CAR[- ]?T",
        }.items()
    }
)
"""What a wash-out can be of."""


def mentions(text: str) -> Iterator[Mention]:
    """The terms of a text, in order."""
    for found in _MENTIONS.finditer(text):
        yield Mention(_BY_GROUP[found.lastgroup or ""], found.start(), found.end())
