"""The page's own sentences; each reaches it through ``facts.json`` in both languages.

What the clinic's pages say of a result too stands in ``covid_d.detector.result_sentences``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from covid_d.detector import result_sentences as sentences
from covid_d.language import N_, Text

_GENERAL: Final = {
    "title": N_("Assess on this device"),
    "skip": N_("Skip to the content"),
    "stays": N_("Nothing leaves this device: the film is read and answered here."),
    "not_stored": N_("Nothing is kept: close the page and film, answer and data are gone."),
    "no_script": N_("This page needs JavaScript."),
    "no_study": N_("not tested on patients (no clinical study)."),
    "model_in_use": N_("Model in use:"),
}
_INSTALL: Final = {
    "install_title": N_("Prepare this device"),
    "install_why": N_(
        "The page downloads itself and the model once, about {size} MB. After that it works "
        "without a network."
    ),
    "install": N_("Download {size} MB"),
    "installing": N_("Downloading: {done} of {size} MB."),
    "installed": N_("Ready: it works without a network from now on."),
    "install_failed": N_(
        "The download failed or a file is damaged ({detail}). Nothing was changed: try again."
    ),
    "not_kept": N_(
        "This browser keeps no pages for use without a network (private window?). The page works "
        "while it is open."
    ),
    "insecure": N_(
        "This page was not opened by a secure address (https, or this machine itself), so it "
        "cannot check its own files: it does not answer. Ask whoever hosts it for an https address."
    ),
    "opening": N_("Opening the model…"),
    "ready": N_("Ready for a film."),
    "cannot": N_("This page cannot answer ({detail}). Load it again, or use another browser."),
    "update": N_("A new version is here. It is used once you say so; this answer will be gone."),
    "update_now": N_("Use the new version"),
}
_FORM: Final = {
    "film": N_("Radiograph"),
    "choose": N_("Choose the film's file"),
    "choose_help": N_(
        "DICOM, PNG or JPEG; the X-ray system's own file is best. Kinds of DICOM that are not read "
        "here exactly as at the clinic are refused. A photograph shows less than the file, and one "
        "in colour is refused. Frontal chest films of adults are answered."
    ),
    "straighten": N_("Straighten and cut the photograph"),
    "straightened": N_("Straightened by the user from a photograph"),
    "straighten_help": N_(
        "Drag each corner to one of the film's. By keyboard: choose a corner with Tab, move it "
        "with the arrows, Shift for larger steps."
    ),
    "straighten_now": N_("Straighten and cut"),
    "propose": N_("Propose corners"),
    "whole": N_("Whole picture"),
    "cancel": N_("Cancel"),
    "corner_1": N_("Upper left corner"),
    "corner_2": N_("Upper right corner"),
    "corner_3": N_("Lower right corner"),
    "corner_4": N_("Lower left corner"),
    "corners_found": N_("The film was found: check the corners."),
    "corners_not_found": N_(
        "No film was found by itself: drag the four corners to those of the film."
    ),
    "corners_crossed": N_("Place the corners around the film: its sides must not cross."),
    "straightening": N_("Straightening…"),
    "age": N_("Age (years)"),
    "age_help": N_("Whole years. Under 18 no film is answered."),
    "adult": N_("Adult, where the age is not known"),
    "adult_yes": N_("Yes, 18 or older"),
    "adult_no": N_("No, under 18"),
    "not_said": N_("Not said"),
    "sex": N_("Sex"),
    "sex_f": N_("Female"),
    "sex_m": N_("Male"),
    "not_known": N_("Not known"),
    "projection": N_("Projection"),
    "projection_ap_supine": N_("AP, lying (supine)"),
    "projection_lateral": N_("Lateral"),
    "prevalence": N_("COVID-19 among your patients with such symptoms (%)"),
    "prevalence_low": N_("At least"),
    "prevalence_high": N_("At most"),
    "prevalence_help": N_(
        "Of 100 such patients, how many have COVID-19 these weeks: between these two. Without "
        "them the answer says how the film looks, and not how probable COVID-19 is."
    ),
    "wrong_age": N_("Write a whole number of years from 0 to 120."),
    "wrong_prevalence": N_(
        "Write two numbers above 0 and below 100, the first not larger than the second; or leave "
        "both empty."
    ),
    "wrong_film": N_("Choose a file."),
    "assess": N_("Assess"),
    "working": N_("Reading and answering…"),
    "done": N_("The answer is below."),
}
_RESULT: Final = {
    "answer": N_("The model's answer"),
    **{f"seen_{category}": said for category, said in sentences.SEEN.items()},
    **{f"leans_{category}": said for category, said in sentences.LEANS.items()},
    "if_adult": sentences.IF_ADULT,
    "void": sentences.VOID,
    "void_reason": sentences.WHY_VOID,
    "no_numbers": sentences.NO_NUMBERS,
    "deciding_unlike": sentences.UNLIKE,
    "meaning_changed": N_(
        "With a film like this, between %(low)s and %(high)s of 100 patients would have COVID-19; "
        "before the film, %(before)s of 100 (prevalence that you set)."
    ),
    "meaning_unchanged": N_(
        "The film hardly changes how probable COVID-19 is: between %(low)s and %(high)s of 100 "
        "patients; before the film, %(before)s of 100 (prevalence that you set)."
    ),
    "other_cause": sentences.OTHER_CAUSE,
    "meaning_none": N_("No prevalence was set, so nothing is said of how probable COVID-19 is."),
    "fewer_than_one": sentences.FEWER_THAN_ONE,
    "more_than_99": sentences.MORE_THAN_99,
    "to": N_("%(low)s to %(high)s"),
    **{f"action_{outcome.value}": said for outcome, said in sentences.ACTIONS.items()},
    "action_void": sentences.ACTION_VOID,
    "action_meanwhile": sentences.MEANWHILE,
    "keep_in_mind": N_("Keep in mind"),
    "numbers": N_("Numbers, error rate and model"),
    "left": sentences.LEFT,
    "left_none": sentences.LEFT_NONE,
    "opacity": sentences.OPACITY,
    "covid": N_("COVID-19, at the prevalence that you set"),
    "rests": sentences.STUDIES,
    "rests_local": sentences.LOCAL,
    "model": N_("Model"),
    "print": N_("Print, or save as PDF"),
    "save": N_("Save the answer (JSON)"),
    "another": N_("Another film"),
    "file": N_("File"),
    "said": N_("Stated"),
    "answered_at": N_("Answered on this device"),
}
_VIEWER: Final = {
    "film_tools": N_("Film tools"),
    "zoom_in": N_("Zoom in"),
    "zoom_out": N_("Zoom out"),
    "one_to_one": N_("One pixel of the film on one of the screen"),
    "fit": N_("Fit"),
    "invert": N_("Invert"),
    "rotate": N_("Rotate"),
    "measure": N_("Measure"),
    "full": N_("Full screen"),
    "drag_window": N_("Drag: window"),
    "reset": N_("Reset"),
    "keys": N_("Keys"),
    "preset": N_("Window preset"),
    "preset_usual": N_("Automatic window"),
    "preset_lungs": N_("Lungs"),
    "preset_dense": N_("Mediastinum and bone"),
    "preset_whole": N_("Whole scale"),
    "window": N_("Window (contrast)"),
    "level": N_("Level (brightness)"),
    "grey_values": N_("in the film's grey values"),
    "cover": N_("Map of the model: strength"),
    "weight": N_("Weight of each place for “%(what)s”:"),
    "little": N_("little"),
    "much": N_("much"),
    "rough_map": N_("A rough map; it does not point out lesions."),
    "viewer_status": N_("Zoom {zoom} percent, window {width} percent, level {level} percent."),
    "viewer_length": N_("Length {length}."),
    "viewer_failed": N_("The film could not be drawn at its full depth; a plain picture is shown."),
    "viewer_keys": N_(
        "Keys work anywhere on the page where nothing is typed; the question mark lists them."
    ),
    "keys_title": N_("Keys and gestures"),
    "key_zoom": N_("zoom in and out"),
    "key_fit": N_("fit the film"),
    "key_one": N_("one pixel of the film on one of the screen"),
    "key_move": N_("move the film, once it is zoomed"),
    "key_grey": N_("window and level"),
    "key_presets": N_("automatic window; lungs; mediastinum and bone"),
    "key_invert": N_("invert"),
    "key_rotate": N_("rotate by a right angle"),
    "key_measure": N_("measure; drag from end to end"),
    "key_evidence": N_("show or hide the evidence"),
    "key_reset": N_("reset everything"),
    "gestures": N_(
        "Mouse: the wheel zooms, dragging moves, dragging with the right button or Shift changes "
        "window and level. Touch: two fingers zoom and move."
    ),
    "close": N_("Close"),
}
PAGE: Final[Mapping[str, Text]] = {**_GENERAL, **_INSTALL, **_FORM, **_RESULT, **_VIEWER}
"""Sentences by the names that the page calls them by; ``{name}`` is filled on the page."""
