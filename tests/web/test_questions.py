"""Whatever is asked, the answer is a page, a refusal or nothing new: never a failure of ours."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.site import ONE, Served

TRIAL = f"/trials/ctgov/{ONE.id}"
PATHS = st.sampled_from(
    ("/", "/trials", TRIAL, f"{TRIAL}/compare", "/api/changes", f"/api{TRIAL}/changes", "/api/status")
) | st.builds(
    lambda start, text: start + quote(text, safe=""),
    st.sampled_from(("/digests/", "/unsubscribe/", "/feeds/", "/api/schemas/", "/trials/ctgov/", "/")),
    st.text(min_size=1, max_size=30),
)
NAMES = st.sampled_from(
    ("field", "category", "rule", "min_significance", "since", "until", "observed_since", "tag", "search",
     "sponsor", "limit", "cursor", "order", "after", "page", "from", "to", "number")
)  # fmt: skip
ODD = st.sampled_from(
    ("", "*", "%", "\\", "\x00", "@s1", "@s999999999", "@0001-01-01", "9999-12-31", "99999y", "30d", "0", "1",
     "9" * 30, "١", "recorded", "critical", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "null",
     "WyIwMDAxLTAxLTAxIiwiMDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCIsMTBd", "WzEsMiwzXQ")
)  # fmt: skip
QUERIES = st.lists(st.tuples(NAMES, ODD | st.text(max_size=20)), max_size=3)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS, QUERIES)
def test_no_question_breaks_it(site: Served, path: str, query: list[tuple[str, str]]) -> None:
    """Odd numbers, dates at the ends of time, cursors of nobody, text of any kind."""
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    answer = site(f"{path}?{asked}")
    assert answer.status in (200, 303, 400, 404), (answer.status, path, asked)
