"""What each refusal says, and what to do about it: words chosen apart from the code.

A row holds words that the reason and the next step cannot do without, in each language. A next
step that belongs to another reason, or one language saying something else, fails here.
"""

from __future__ import annotations

import re

import pytest

import films
from covid_d.language import Language
from covid_d.radiograph import Refusal, RefusalCode, read
from covid_d.radiograph.readers import limits

# code: reason (es), step (es), reason (en), step (en); all words of a cell are needed.
WORDS = """
not_found       | no encuentra      | ruta               | not found         | path
not_a_file      | no archivo        | indique archivo    | not a file        | name file
unreadable      | abrir             | permiso disco      | opened            | permission disk
empty_file      | vacío             | exportar           | empty             | export
not_an_image    | no imagen         | DICOM PNG JPEG     | not image         | DICOM PNG JPEG
document        | documento         | extraiga           | document          | extract
truncated       | incompleto dañado | cópielo            | incomplete damaged | copy
encrypted       | cifrado           | sin cifrar PACS    | encrypted         | unencrypted PACS
no_pixels       | no contiene imagen | informe índice    | no image          | report index
missing_element | le falta          | PACS datos         | lacks element     | PACS elements
unsupported_encoding | codificación | sin compresión PNG | encoding          | uncompressed PNG
not_read_here   | sin conexión no lee | clínica comandos | offline not read | clinic command
heic_photo      | HEIC foto         | JPEG cámara        | HEIC photograph   | JPEG camera
for_processing  | sin procesar FOR PROCESSING | FOR PRESENTATION | unprocessed FOR PROCESSING | FOR PRESENTATION
multi_frame     | varias            | una sola           | several           | single
too_large       | grande            | redúzcala          | large             | reduce
too_small       | pequeña           | original miniatura | small             | original thumbnail
colour_picture  | color             | rayos X pantalla   | colour            | X-ray screen
blank           | uniforme          | exportación        | uniform           | export
odd_shape       | forma             | completa           | shape             | whole
straight_edge   | corte recto       | exporte original   | straight edge     | export original
photograph      | foto pantalla     | recórtela          | photograph screen | cut
quality_control | prueba fantoma control calidad | un paciente corrija | test phantom quality control | patient correct
animal          | animal personas   | una persona corrija | animal people     | person correct
processed_picture | no radiografía tomó obtenida de ella | estándar mismo estudio | not film as taken made from it | standard same study
not_radiography | modalidad         | radiografía tórax  | modality          | chest radiograph
not_chest       | región            | radiografía tórax  | body part         | chest radiograph
answer_altered  | alterada no muestra | administrador ingresar | changed not shown | administrator entered
not_frontal     | no frontal        | PA AP              | not frontal       | PA AP
child           | edad 18           | no menores 18 sin el modelo | age 18            | not under 18 without the model
age_unread      | no entiende edad  | corríjala 045Y     | age not understood | correct 045Y
unlike_chest_film | no se parece    | original sin girar  | not look like     | original upright
looks_ct        | tomografía        | radiografía tórax  | CT                | chest radiograph
looks_lateral   | parece lateral    | PA AP              | looks lateral     | PA AP
inverted        | invertidos blanco negro | inviértalos  | inverted white black | invert
upside_down     | boca abajo        | 180 arriba         | upside down       | 180 top
sideways        | girada de lado    | 90 arriba          | turned side       | 90 top
blurred         | borrosa           | original           | blurred           | original
cropped         | recorte           | completa ambos     | cropped           | whole both
no_lungs        | no encuentran pulmones | sin girar sin el modelo | lungs not found   | without the model
part_of_chest   | corta un pulmón   | completa ambos     | cuts a lung       | whole both
several_films   | varias            | por separado       | several           | by itself
annotated       | marcas flechas    | sin marcas         | marks arrows      | without marks
looks_child     | niño adultos      | edad este paciente sin el modelo radiólogo | child adults | age this patient without the model radiologist
no_number       | no número         | fallo del modelo   | no number         | model failure
internal_error  | fallo interno     | informe fallo      | internal failure  | report failure
"""  # noqa: E501
NAMES = r"\d[\dY]*|PACS|DICOM|PNG|JPEG|TIFF|BMP|WebP|PA\b|AP\b|FOR \w+"
ROWS = {
    row[0]: row[1:]
    for line in WORDS.strip().splitlines()
    for row in [[cell.strip() for cell in line.split("|")]]
}


@pytest.mark.parametrize("code", list(RefusalCode))
def test_each_says_what_is_wrong_and_what_to_do(code: RefusalCode) -> None:
    refusal = Refusal.of(code)
    said = (
        refusal.message.es,
        refusal.next_step.es,
        refusal.message.en,
        refusal.next_step.en,
    )
    for sentence, needed in zip(said, ROWS[code.value], strict=True):
        for word in needed.split():
            assert re.search(rf"\b{re.escape(word)}", sentence, re.IGNORECASE), (word, sentence)


def test_the_table_speaks_of_codes_that_exist() -> None:
    assert set(ROWS) == {code.value for code in RefusalCode}


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_two_reasons_read_alike(language: Language) -> None:
    said = [refusal.message.in_language(language) for refusal in Refusal.every()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_numbers_and_names_of_formats_are_the_same_in_both_languages(code: RefusalCode) -> None:
    for words in (Refusal.of(code).message, Refusal.of(code).next_step):
        spanish, english = (sorted(re.findall(NAMES, text)) for text in (words.es, words.en))
        assert spanish == english


def test_a_step_addresses_the_reader_formally() -> None:
    # «Usted»: no imperative of «tú» (usa, comprueba, envía) and no infinitive stands first.
    for refusal in Refusal.every():
        first = refusal.next_step.es.split()[0].rstrip(",").casefold()
        assert not first.endswith(("ar", "er", "ir")), refusal.next_step.es
        assert first not in {"usa", "comprueba", "envía", "exporta", "elige", "indica", "léela"}


def test_the_sizes_named_are_the_sizes_refused() -> None:
    said = Refusal.of(RefusalCode.TOO_LARGE).next_step
    for text in (said.es, said.en):
        side, megabytes = map(int, re.findall(r"\d+", text))
        assert side == limits.MAX_SIDE
        assert megabytes << 20 == limits.MAX_BYTES


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "WEBP"])
def test_the_formats_named_are_the_formats_read(kind: str) -> None:
    named = kind.replace("JPEG2000", "JPEG 2000").casefold()
    assert named in Refusal.of(RefusalCode.NOT_AN_IMAGE).next_step.en.casefold()
    assert read(films.picture(films.grey8(), kind)).pixels.shape == films.grey8().shape
