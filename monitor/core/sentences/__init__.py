"""One change, one sentence: what, from, to, by how much (voice, "Sentences").

The registry is the witness and is quoted; no adjective of alarm, no guess at motives. A sentence is made
from the change and its scene alone, never from the rule that judged it. `by_field` is the way in; nothing
is imported here, so that who needs no more than `words` does not load all that is needed to judge.
"""
