"""What a doctor is told of an answer, wherever a result is shown: clinic, paper, a device alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from covid_d.detector.appearance import Appearance
from covid_d.detector.assessment import Outcome
from covid_d.language import N_, Text

SEEN: Final[Mapping[Appearance, Text]] = {
    Appearance.TYPICAL: N_("The model sees an appearance typical of COVID-19"),
    Appearance.INDETERMINATE: N_("The model sees an indeterminate appearance"),
    Appearance.ATYPICAL: N_("The model sees an appearance atypical for COVID-19"),
    Appearance.NEGATIVE: N_("The model sees no signs of pneumonia"),
}
"""Of an answer that settles."""
LEANS: Final[Mapping[Appearance, Text]] = {
    Appearance.TYPICAL: N_(
        "The model cannot decide; the closest category is an appearance typical of COVID-19."
    ),
    Appearance.INDETERMINATE: N_(
        "The model cannot decide; the closest category is opacities that COVID-19 or another "
        "disease may cause."
    ),
    Appearance.ATYPICAL: N_(
        "The model cannot decide; the closest category is an appearance atypical for COVID-19."
    ),
    Appearance.NEGATIVE: N_(
        "The model cannot decide; the closest category is a film without signs of pneumonia."
    ),
}
"""Of an inconclusive one."""
IF_ADULT: Final = N_("If an adult: %(answer)s")
UNLIKE: Final = N_("The film is unlike those that the model learnt from: do not rely on this.")
# No finding: readers keep it, whatever stands before it.
VOID: Final = N_("Answer discarded")
WHY_VOID: Final = N_("The model relied mostly on areas outside the lungs.")
NO_NUMBERS: Final = N_("The numbers of a discarded answer are not shown.")
OTHER_CAUSE: Final = N_("Even so, another cause is more likely.")
ACTIONS: Final[Mapping[Outcome, Text]] = {
    Outcome.POSITIVE: N_("This does not prove COVID-19: do an RT-PCR or antigen test."),
    Outcome.NEGATIVE: N_(
        "This rules out neither COVID-19 nor another disease. For COVID-19 do an RT-PCR or "
        "antigen test."
    ),
    Outcome.INCONCLUSIVE: N_(
        "This neither proves nor rules out COVID-19: do an RT-PCR or antigen test."
    ),
}
"""What to do after an answer, where no laboratory result is known."""
ACTION_VOID: Final = N_("Read the film without the model, and do an RT-PCR or antigen test.")
MEANWHILE: Final = N_("Meanwhile, do an RT-PCR or antigen test.")
"""What to do beside sending another film in place of a refused one."""
FEWER_THAN_ONE: Final = N_("fewer than 1")
MORE_THAN_99: Final = N_("more than 99")
LEFT: Final = N_("At its accepted error (%(e)s a category) the model leaves: %(left)s.")
LEFT_NONE: Final = N_(
    "At its accepted error (%(e)s a category) the film is like none of the appearances that the "
    "model knows."
)
OPACITY: Final = N_("Any lung opacity")
STUDIES: Final = N_(
    "From published studies of how often radiologists see each appearance with COVID-19 and "
    "without it, by Bayes' rule. The range holds how much the studies differ; your patients may "
    "differ from theirs."
)
LOCAL: Final = N_(
    'From the laboratory results of this clinic\'s own earlier cases (table "%(table)s"), by '
    "Bayes' rule. The range holds how few they are; it was tried on later cases before it was "
    "switched on."
)
