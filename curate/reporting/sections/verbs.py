"""What the instructions ask for: the most common verbs and their objects."""

from curate.reporting.charts import sunburst
from curate.reporting.material import Material
from curate.reporting.sections.section import Section
from curate.reporting.sections.texts import clipped

__all__ = ["verbs"]

_VERBS, _OBJECTS = 20, 4
_WORD = 40


def verbs(material: Material) -> Section | None:
    """Return the section on root verbs; None where no instruction has one."""
    tally = material.census.verbs
    if not tally.found:
        return None
    most = [
        verb._replace(objects=[(clipped(noun, _WORD), number) for noun, number in verb.objects])
        for verb in tally.most_common(_VERBS, _OBJECTS)
    ]
    counts = {"found": tally.found, "questions": tally.questions, "others": tally.others}
    values = {
        **counts,
        "records": sum(counts.values()),
        "verbs": most,
        "shown": sum(verb.records for verb in most),
        "sectors": sunburst(most),
    }
    return Section(
        "verbs", "What is asked for", values, {**counts, "verbs": [verb._asdict() for verb in most]}
    )
