"""Countries under the names registries have used: two names of one country are the same country.

Only names that differ are listed; any other name stands for itself. The canonical name is the one
ClinicalTrials.gov uses now. Nothing is geocoded, and a name that is not known is left as it is.
"""

from __future__ import annotations

from functools import lru_cache

from monitor.core.record import Named

# ISO 3166-1 code: the name in use, then the others.
_NAMES: tuple[tuple[str, ...], ...] = (
    ("BO", "Bolivia", "Bolivia, Plurinational State of", "Bolivia (Plurinational State of)"),
    ("BN", "Brunei", "Brunei Darussalam"),
    ("CD", "Democratic Republic of the Congo", "Congo, The Democratic Republic of the", "DR Congo"),
    ("CG", "Republic of the Congo", "Congo", "Congo, Republic of"),
    ("CI", "Côte d'Ivoire", "Côte D'Ivoire", "Côte d’Ivoire", "Cote D'Ivoire", "Ivory Coast"),
    ("CN", "China", "China, People's Republic of", "People's Republic of China", "Mainland China"),
    ("CV", "Cape Verde", "Cabo Verde"),
    ("CZ", "Czechia", "Czech Republic"),
    ("FM", "Micronesia", "Micronesia, Federated States of"),
    ("FK", "Falkland Islands", "Falkland Islands (Malvinas)"),
    ("GB", "United Kingdom", "UK", "Great Britain", "United Kingdom of Great Britain and Northern Ireland"),
    ("GM", "The Gambia", "Gambia"),
    ("HK", "Hong Kong", "Hong Kong SAR", "Hong Kong SAR, China", "Hong Kong, China"),
    ("IR", "Iran", "Iran, Islamic Republic of", "Iran (Islamic Republic of)"),
    ("KP", "North Korea", "Korea, Democratic People's Republic of", "Democratic People's Republic of Korea"),
    ("KR", "South Korea", "Korea, Republic of", "Republic of Korea", "Korea, South", "Korea"),
    ("LA", "Laos", "Lao People's Democratic Republic"),
    ("LY", "Libya", "Libyan Arab Jamahiriya"),
    ("MD", "Moldova", "Moldova, Republic of", "Republic of Moldova"),
    (
        "MK",
        "North Macedonia",
        "Macedonia, The Former Yugoslav Republic of",
        "Former Yugoslav Republic of Macedonia",
        "Macedonia",
        "Republic of North Macedonia",
    ),
    ("MM", "Myanmar", "Burma"),
    ("MO", "Macau", "Macao", "Macao SAR, China"),
    ("NL", "Netherlands", "The Netherlands"),
    ("PS", "Palestinian Territories", "Palestinian Territory, occupied", "Palestine, State of", "Palestine"),
    ("RE", "Réunion", "Reunion"),
    ("RU", "Russia", "Russian Federation"),
    ("SK", "Slovakia", "Slovak Republic"),
    ("SY", "Syria", "Syrian Arab Republic"),
    ("SZ", "Eswatini", "Swaziland"),
    ("TL", "East Timor", "Timor-Leste"),
    ("TR", "Turkey (Türkiye)", "Turkey", "Türkiye", "Turkiye"),
    ("TW", "Taiwan", "Taiwan, Province of China", "Taiwan, China"),
    ("TZ", "Tanzania", "Tanzania, United Republic of", "United Republic of Tanzania"),
    (
        "US",
        "United States",
        "United States of America",
        "USA",
        "U.S.A.",
        "US",
    ),
    ("VA", "Vatican City", "Holy See (Vatican City State)", "Holy See"),
    ("VE", "Venezuela", "Venezuela, Bolivarian Republic of", "Venezuela (Bolivarian Republic of)"),
    ("VI", "U.S. Virgin Islands", "Virgin Islands (U.S.)", "United States Virgin Islands"),
    ("VN", "Vietnam", "Viet Nam"),
)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


_CANONICAL = {_folded(other): name for _, name, *others in _NAMES for other in (name, *others)}


@lru_cache(maxsize=1024)
def canonical_country(name: str) -> str:
    """The name in use for a country; the name itself, white space collapsed, where no other is known."""
    return _CANONICAL.get(_folded(name)) or " ".join(name.split())


@lru_cache(maxsize=1024)
def country(name: str) -> Named:
    """A country, shown as written and compared by its name in use."""
    return Named(name.strip(), canonical_country(name).casefold())
