"""Label schemes that nobody has published, as a user would write them: one of each kind, said of each thing."""

import tomllib

from schemas.labels import LabelScheme

INVENTED = {
    "my_sources": """
title = "Shapes of the sources of my survey"
cite  = "me"
kind  = "single"

[labels.HII]
id         = 1
definition = "a region of hydrogen ionised by young stars"
phrase     = "The source at the centre is an HII region."
noun       = "HII regions"
noun_one   = "HII region"

[labels.Shell]
id         = 2
definition = "a round shell, bright at its rim"
phrase     = "The source at the centre has the shape of a shell."
noun       = "shells of emission"
noun_one   = "shell of emission"

[labels.FR0]
id         = 3
definition = "an unresolved radio galaxy"
phrase     = "The source at the centre is an FR0 radio galaxy."
noun       = "FR0 radio galaxies"
noun_one   = "FR0 radio galaxy"
""",
    "my_objects": """
title = "What my source finder outlines"
cite  = "me"
kind  = "multi"
about = "objects"

[labels.BLOB]
id            = 1
definition    = "a roundish object with soft edges"
phrase        = "Blobs are visible."
absent_phrase = "No blob is visible."
noun          = "blobs"
noun_one      = "blob"

[labels.ARC]
id            = 2
definition    = "a curved object"
phrase        = "One or more arcs are visible."
absent_phrase = "No arc is visible."
noun          = "arcs"
noun_one      = "arc"
""",
    "my_kinds": """
title = "Kinds of sources in my list"
cite  = "me"
kind  = "multi"

[labels.JET]
id            = 1
definition    = "a source with a jet"
phrase        = "The source at the centre has a jet."
absent_phrase = "The source at the centre has no jet."
noun          = "sources with a jet"
noun_one      = "source with a jet"

[labels.YSO]
id            = 2
definition    = "a young stellar object"
phrase        = "The source at the centre is a YSO."
absent_phrase = "The source at the centre is no YSO."
noun          = "YSOs"
noun_one      = "YSO"

[labels.X-RAY]
id            = 3
definition    = "a source that is seen in X-rays"
phrase        = "The source at the centre is seen in X-rays."
noun          = "X-ray sources"
noun_one      = "X-ray source"
""",
    "my_pictures": """
title = "What my pictures show"
cite  = "me"
kind  = "multi"
about = "picture"

[labels.STRIPES]
id            = 1
definition    = "parallel stripes that cross the image"
phrase        = "Parallel stripes cross the image."
absent_phrase = "No stripes cross the image."
noun          = "stripes"
noun_one      = "stripe"

[labels.NEBULA]
id            = 2
definition    = "a nebula that fills a good part of the image"
phrase        = "A nebula is seen in the image."
absent_phrase = "No nebula is seen in the image."
noun          = "large nebulae"
noun_one      = "large nebula"
""",
    "sky_fields": """
title = "Fields of the sky"
cite  = "me"
kind  = "single"
about = "picture"

[labels.EMPTY]
id         = 1
definition = "a field without sources"
phrase     = "The image shows an empty field."
noun       = "empty fields"
noun_one   = "empty field"

[labels.CROWDED]
id         = 2
definition = "a field of many sources"
phrase     = "The image shows a crowded field."
noun       = "crowded fields"
noun_one   = "crowded field"

[labels.DOUBLE]
id         = 3
definition = "a field of two sources"
phrase     = "The image shows a field of two sources."
noun       = "fields of two sources"
noun_one   = "field of two sources"
""",
}


def invented(name: str, *changes: tuple[str, str]) -> LabelScheme:
    """One of the schemes, with words of its text changed: (old, new)."""
    return LabelScheme.model_validate({**tomllib.loads(invented_text(name, *changes)), "name": name})


def invented_text(name: str, *changes: tuple[str, str]) -> str:
    """The same as the text of its file."""
    text = INVENTED[name]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
