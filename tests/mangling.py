"""Files from outside, spoilt at random: a value of another kind, an absent key, an item twice, at any depth."""

import copy

from hypothesis import strategies as st

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.just(10**400), st.floats(allow_nan=True), st.text(max_size=4),
    st.sampled_from(["../../x", "0.5", "1_0", "\u0663", "x" * 5000, "\x00"]),
    st.lists(st.integers(-2, 2), max_size=5), st.just([[]]), st.just({}),
    st.dictionaries(st.text(max_size=2), st.none()),
)  # fmt: skip


def places(content, so_far=()):
    """The way to every value of nested lists and objects, the whole included."""
    yield so_far
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, one in inside:
        yield from places(one, (*so_far, key))


@st.composite
def mangled(draw, content, n_most=3):
    """The content with one to `n_most` changes."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, n_most))):
        whole = [one for one in places(content) if one]
        if not whole:
            break
        *way, last = draw(st.sampled_from(whole))
        holder = content
        for key in way:
            holder = holder[key]
        how = draw(st.sampled_from(["change", "change", "remove", "twice"]))
        if how == "remove":
            del holder[last]
        elif how == "twice" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        else:
            holder[last] = copy.deepcopy(draw(ODD))
    return content
