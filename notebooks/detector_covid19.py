# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Un detector de COVID-19 en radiografías de tórax: cómo se hace, cómo engaña y cómo hacerlo bien
#
# En marzo de 2020 Christian Tutiven Galvez, Angel Encalada y Andres Torres publicaron en Ecuador un tutorial: una red
# que distingue COVID-19 de otras radiografías de tórax, entrenada con fastai y unos cientos de radiografías públicas. Lo
# llamaron una beta, no un estudio riguroso, y pidieron que otros siguieran. Esta guía recorre el mismo camino con las
# bibliotecas de hoy, y sigue:
#
# 1. **El camino del artículo**: radiografías, conjunto de datos, red, dos etapas de entrenamiento, una predicción.
# 2. **La trampa**: por qué el 3 % de error de esa red dice poco de los pacientes, y cómo averiguarlo.
# 3. **Bien hecho**: pacientes separados, fuentes reservadas, respuestas calibradas, un modelo listo para usarse.
# 4. **Lo que una radiografía puede decir**: los cuatro aspectos que nombran los radiólogos, y por qué la COVID-19 se sigue
#    de ellos solo por Bayes.
#
# > **Apoyo, no decisión.** Nada de aquí diagnostica a nadie. Deciden la RT-PCR o la prueba de antígeno.
#
# **Lo que se ve debajo de las celdas** es de una ejecución con las radiografías reales; su primera línea dice en qué modo,
# y `rehearsal` es corto: sus cifras enseñan el camino, no lo que se puede alcanzar. Las radiografías no se pueden
# distribuir: donde una celda las muestra, se ven en su lugar las de un fantoma dibujado, hechas por la misma celda.
#
# [English](covid19_detector.ipynb)

# %% [markdown]
# ## Preparación
#
# Funciona en Google Colab y en su computadora, con o sin tarjeta gráfica. En Colab puede guardar todo en su Drive: quite
# el `#` de las dos líneas.

# %%
import importlib.util
import subprocess
import sys
from pathlib import Path

# from google.colab import drive
# drive.mount("/content/drive")

SOURCE = "..[train]" if Path("../pyproject.toml").is_file() else "covid-d[train]"
if importlib.util.find_spec("covid_d") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", SOURCE], check=True)

# %% [markdown]
# **¿Cuánto tarda?** `small` tarda diez minutos con dos núcleos y no necesita conexión: los primeros pesos vienen con un
# paquete instalado. `full` repite la red y las épocas del artículo; úselo con tarjeta gráfica y conexión. `rehearsal` es
# un ensayo de un par de minutos para ver que todo funciona.

# %%
import os

os.environ.setdefault("COVID_D_LANGUAGE", "es")
MODE = os.environ.get("COVID_D_GUIDE", "small")  # "rehearsal", "small" o "full"
WORK = Path(os.environ.get("COVID_D_GUIDE_FOLDER", "guide"))

SIZE, EPOCHS, SEARCH, EACH = {
    "rehearsal": (128, (1, 1), 20, 30),
    "small": (160, (3, 3), 40, 100),
    "full": (224, (4, 10), 100, 10_000),
}[MODE]
BACKBONE = "resnet34" if MODE == "full" else "tf_efficientnet_lite0"

# %%
import warnings

# Observaciones de unas bibliotecas sobre otras; no le sirven a usted.
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", message="IProgress not found")

import numpy as np
import pandas as pd
from fastai.vision.all import *
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import covid_d
from covid_d.dataset import BuildOptions, Dataset, build_dataset, draw_collections, open_collection
from covid_d.dataset.build.options import Protocol

# %% [markdown]
# ## 1. El camino del artículo
#
# ### Las radiografías
#
# El artículo usó dos colecciones: la de J. P. Cohen, con COVID-19 y otras neumonías reunidas de publicaciones, y la de
# Kermany, de niños sanos o con neumonía. Para la segunda parte también hacen falta adultos de otras colecciones.
# `covid-d dataset fetch cohen --out collections/covid-chestxray-dataset` descarga la primera y
# `covid-d dataset fetch kermany` dice cómo obtener la segunda (en `collections/chest_xray`). Ponga los adultos, con un
# `manifest.csv`, en `collections/adult`.
#
# ¿No tiene nada? Entonces esta guía dibuja **fantomas**: imágenes con costillas y corazón, cada una con la palabra
# PHANTOM. Todos los pasos funcionan con ellos, pero sus cifras no significan nada.

# %%
places = [Path("collections"), *(folder / "shared" / "data" for folder in Path.cwd().parents[:2])]
found = [place for place in places if (place / "covid-chestxray-dataset/metadata.csv").is_file()]
FILMS = found[0] if found else WORK / "phantoms"
if not FILMS.exists():
    draw_collections(FILMS)
print(
    f"Radiografías reales ({MODE})"
    if found
    else "FANTOMAS: dibujos; ninguna cifra de abajo significa nada"
)

# %% [markdown]
# Los metadatos dicen qué se halló y cómo se tomó la radiografía. Los reales están sucios: mírelos antes de confiar.

# %%
metadata = pd.read_csv(FILMS / "covid-chestxray-dataset/metadata.csv")
metadata[["finding", "view", "modality"]].value_counts().head(10).to_frame("filas")

# %% [markdown]
# ### El conjunto de datos
#
# Como en el artículo: COVID-19 es `covid` y todo lo demás `nocovid`, con cualquier proyección; la tomografía va aparte;
# se añaden niños sanos y enfermos; 70 % para entrenar, 15 % para validar y 15 % para probar, al azar **por imagen**.
# Recuerde esto último.

# %%
cohen = open_collection("cohen", FILMS / "covid-chestxray-dataset")
children = open_collection("kermany", FILMS / "chest_xray")
adults = open_collection("manifest", FILMS / "adult")

if not (WORK / "article").exists():
    build_dataset([cohen, children], WORK / "article", BuildOptions(protocol=Protocol.ARTICLE))
article = Dataset.open(WORK / "article")
article

# %% [markdown]
# Una radiografía, leída una sola vez: aire oscuro y hueso claro, diga lo que diga el archivo.

# %% tags=["film"]
film = covid_d.read(article.path(article.films("test").iloc[0]))
print(film.pixels.shape, film.pixels.dtype, film.pixels.min(), film.pixels.max())
film

# %% tags=["film"]
article.show_batch(9)

# %% [markdown]
# ### fastai: lotes, red y etapa 1
#
# Lotes de 16; reflejo horizontal, rotación de hasta 25 grados y los demás cambios habituales de fastai; una red
# preentrenada con ImageNet (ResNet34 en `full`; si no, EfficientNet-Lite0). En la etapa 1 solo aprende la cabeza nueva.

# %% tags=["film"]
set_seed(7, reproducible=True)
dls = ImageDataLoaders.from_folder(
    article.folder, train="train", valid="validation", seed=7, bs=16, num_workers=0,
    item_tfms=Resize(SIZE), batch_tfms=aug_transforms(max_rotate=25),
)  # fmt: skip
dls.show_batch(max_n=9, figsize=(7, 7))

# %%
from covid_d.training.backbones import body_of, find_weights

arch, options = body_of(BACKBONE, find_weights(BACKBONE))
learn = vision_learner(dls, arch, metrics=error_rate, path=WORK, **options)
learn.fit_one_cycle(EPOCHS[0])
learn.save("stage-1")

# %% [markdown]
# ¿Dónde se equivoca? Las nueve peores (predicción / verdad / pérdida / probabilidad) y la matriz de confusión.

# %% tags=["film"]
looked_at = ClassificationInterpretation.from_learner(learn)
looked_at.plot_top_losses(9, figsize=(9, 9))

# %% tags=["plot"]
looked_at.plot_confusion_matrix(figsize=(4, 4))

# %% [markdown]
# ### Etapa 2: todas las capas
#
# El buscador de la tasa de aprendizaje muestra dónde empieza a subir la pérdida; el artículo tomó 1e-6 para las primeras
# capas y 1e-4 para las últimas.

# %% tags=["plot"]
learn.unfreeze()
learn.lr_find(num_it=SEARCH)

# %%
learn.fit_one_cycle(EPOCHS[1], slice(1e-6, 1e-4))
learn.save("stage-2")

# %% [markdown]
# ### Predecir una radiografía
#
# La clase, su índice y la probabilidad de cada clase, como en el artículo: un número, y ninguna duda.

# %%
learn.predict(article.path(article.films("test").iloc[0]))

# %% [markdown]
# ## 2. La trampa
#
# El error en validación parece bueno. ¿Lo entregaría a un hospital? Antes, tres preguntas.


# %%
def covid(paths):
    """Devuelve la probabilidad de COVID-19 que da la red a cada radiografía."""
    with learn.no_bar():
        probabilities, _ = learn.get_preds(dl=learn.dls.test_dl(list(paths), num_workers=0))
    return probabilities[:, learn.dls.vocab.o2i["covid"]].numpy()


test = article.films("test")
truth = test["label"].eq("covid")
on_its_own = covid(article.path(row) for row in test.itertuples())
print(
    f"AUROC en la prueba del propio artículo: {roc_auc_score(truth, on_its_own):.2f} (n={len(test)})"
)

# %% [markdown]
# ### ¿Sirve con radiografías de otro lugar?
#
# Adultos de colecciones que nunca vio: solo COVID-19 (cxnet), normales u otras neumonías (nih), normales (rsna). ¿A qué
# parte llama COVID-19? Los intervalos del 95 % son los de Wilson.

# %%
if not (WORK / "grouped").exists():
    build_dataset(
        [cohen, adults],
        WORK / "grouped",
        BuildOptions(hold_out=("radiopaedia.org",)),
        jobs=os.cpu_count(),
    )
grouped = Dataset.open(WORK / "grouped")

# %%
from covid_d.evaluation.figures.intervals import wilson

new = grouped.manifest[
    ~grouped.manifest["source"].eq("cohen") & ~grouped.manifest["split"].eq("CT")
]
new = new.sample(frac=1, random_state=7).groupby(["source", "label"]).head(EACH)
new = new.assign(called=covid(grouped.path(row) for row in new.itertuples()) > 0.5)
table = new.groupby(["source", "label"])["called"].agg(called="sum", films="size")
table["share"] = table["called"] / table["films"]
table[["low", "high"]] = [wilson(row.called, row.films) for row in table.itertuples()]
table.round(2)

# %% [markdown]
# Con radiografías reales llama COVID-19 a la mayoría de los adultos *sanos*. La red aprendió lo que distingue a los
# niños, y a su hospital, de los adultos: en su mundo toda persona sana era un niño.
#
# ### ¿Se puede lograr sin una red?
#
# Una miniatura de 8x8 no tiene ningún detalle del pulmón. Désela a una regresión logística.


# %%
def thumbnails(films):
    """Devuelve cada radiografía como 64 valores de gris."""
    pictures = [
        Image.open(article.path(row)).convert("L").resize((8, 8)) for row in films.itertuples()
    ]
    return np.stack([np.asarray(picture).ravel() / 255 for picture in pictures])


train = article.films("train")
eight = LogisticRegression(C=0.1, max_iter=1000).fit(thumbnails(train), train["label"].eq("covid"))
on_thumbnails = eight.predict_proba(thumbnails(test))[:, 1]

# %% [markdown]
# ### ¿Necesita los pulmones?
#
# El modelo incluido trae otro que halla los pulmones. Bórrelos, rellene el hueco con lo que lo rodea y vuelva a
# preguntar.

# %% tags=["film"]
from covid_d.detector.lungs import LungModel
from covid_d.evaluation.audit.erase import without_lungs

lungs = LungModel.load(covid_d.Bundle.load())
erased = WORK / "lungs-erased"
erased.mkdir(exist_ok=True)
for row in test.itertuples():
    film = covid_d.read(article.path(row))
    without_lungs(film, lungs.mask(film)).to_image().save(erased / f"{row.sha256}.png")
without_lungs(film, lungs.mask(film))

# %%
on_erased = covid(erased / f"{digest}.png" for digest in test["sha256"])
pd.Series(
    {
        "la red": roc_auc_score(truth, on_its_own),
        "miniatura de 8x8, regresión logística": roc_auc_score(truth, on_thumbnails),
        "la red, con los pulmones borrados": roc_auc_score(truth, on_erased),
    },
    name=f"AUROC, {len(test)} radiografías de prueba",
).round(2).to_frame()

# %% [markdown]
# Si una miniatura logra casi lo mismo, y la red apenas echa de menos los pulmones, la cifra no hablaba de pulmones.
#
# Una fuga más: el artículo repartió por imagen, así que hay radiografías del mismo paciente a ambos lados.
# `check_dataset` las cuenta.

# %%
from covid_d.dataset import check_dataset

check_dataset(article, progress=False).leaks

# %% [markdown]
# ## 3. Bien hecho
#
# ### Pacientes y casi duplicados, juntos
#
# El protocolo *grouped*: radiografías frontales de adultos, cada paciente y cada casi duplicado en una sola partición, y
# un publicador entero (radiopaedia.org) reservado para la prueba. Avisa cuando la fuente delata la clase.

# %%
print(*grouped.record["warnings"], sep="\n\n")
grouped

# %% [markdown]
# ### Dejar fuera una fuente
#
# La pregunta que importa: ¿qué tan bueno es con una fuente que nunca vio? Una regresión sobre los rasgos de una red que no
# vio ninguna radiografía, entrenada sin cada fuente o publicador, uno por uno. En la última columna, las mismas
# radiografías cuando se entrenó con otros pacientes de su fuente. (`covid-d evaluate --leave-one-source-out` lo hace con
# todas las radiografías.)

# %%
from covid_d.evaluation.left_out.frozen import FrozenFit
from covid_d.evaluation.left_out.leave_one_out import HeldOutKind, leave_out, plan
from covid_d.training import imagenet_features

films = grouped.manifest[grouped.manifest["split"].ne("CT")].sample(frac=1, random_state=7)
films = films.groupby(["source", "label"]).head(EACH)
features = imagenet_features(grouped, films, WORK / "cache", progress=False)
fit = FrozenFit(features, films.index)
seen = pd.Series(fit.cross_validated(films), index=films.index)

# %%
rows = {}
for result in leave_out(plan(films), fit, source_seen=seen, resamples=200):
    if "auroc" in result.figures and result.kind is not HeldOutKind.PAIR:
        new, known = result.figures["auroc"], result.figures["auroc_source_seen"]
        films_of = [result.positives, result.negatives]
        rows[result.name] = [*films_of, new.value, new.low, new.high, known.value]
columns = ["covid", "nocovid", "AUROC, fuente nueva", "de", "a", "fuente conocida"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(2)

# %% [markdown]
# ### Entrenar para ellas
#
# La receta de COVID-D entrena una sola capa final sobre esos rasgos: con publicadores que nunca vio acierta tanto como
# entrenar toda la red, a una décima del costo (`docs/es/experiments.md`). El entrenamiento termina en un **bundle**: red,
# preparación, calibración, umbrales, ficha y sumas de verificación. Aquí, con pocas radiografías, para verlo funcionar.

# %%
import shutil

from covid_d.training import train as train_bundle
from covid_d.training.recipes import DEFAULT

shutil.rmtree(WORK / "run", ignore_errors=True)
recipe = DEFAULT.changed(size=SIZE)
limit = {"rehearsal": 160, "small": 400, "full": None}[MODE]
bundle = train_bundle(grouped, WORK / "run", recipe, limit=limit, name="mio", cache=WORK / "cache")
covid_d.Bundle.load(bundle)

# %% [markdown]
# ### ¿Cuánto vale?
#
# En la partición de prueba: pacientes y un publicador que nunca vio. Primero la **peor fuente con ambas clases**; al
# final el conjunto, con su nombre.

# %%
report = covid_d.Interpretation.of(bundle, grouped, resamples=200, progress=False)
report

# %% tags=["plot"]
report.plot_confusion_matrix()

# %% tags=["film"]
report.plot_top_losses(6)

# %% [markdown]
# Calibración: de las radiografías a las que da 30 %, ¿muestran COVID-19 el 30 %? Los umbrales conformes convierten una
# probabilidad en *compatible*, *no compatible* o *no concluyente*.

# %% tags=["plot"]
report.plot_reliability()

# %% [markdown]
# ### Pida la auditoría
#
# `covid-d audit BUNDLE DATASET` hace en serio la segunda parte de esta guía, fuente por fuente y con intervalos, y escribe
# su veredicto en el modelo: `audit-passed` o `demonstration`. El modelo incluido la superó, que no es una
# validación clínica, y dice ambas cosas en cada respuesta. El suyo es una demostración hasta que la supere.
#
# ### Úselo
#
# Una respuesta en palabras; un número solo cuando corresponde; un rechazo cuando no debe responder.

# %% tags=["film"]
detector = covid_d.Detector.load(bundle)
film = covid_d.read(grouped.path(grouped.films("test").iloc[0]))
answer = detector.assess(film, name="una radiografía nueva", prevalence=0.05, activation=True)
answer

# %% tags=["film"]
from covid_d.detector.explain import overlay

overlay(film, answer, detector.bundle.spec.preprocessing, language="es")

# %%
Image.new("RGB", (300, 300), "orange").save(WORK / "no-es-radiografia.png")
detector.assess(WORK / "no-es-radiografia.png")

# %% [markdown]
# ## 4. Lo que una radiografía puede decir
#
# ### La pregunta detrás de las etiquetas
#
# Por bien que se haga, una red que aprende *COVID-19 o no* con radiografías públicas aprende sobre todo de dónde vienen: casi
# ningún hospital dio de las dos clases. Los radiólogos responden otra pregunta: **¿qué aspecto tiene?** En las
# radiografías del concurso SIIM todas las respuestas ocurren en los mismos hospitales, así que la fuente delata poco. Eso
# aprendió el modelo incluido: sin signos de neumonía, atípico, indeterminado, típico.

# %%
built_in = covid_d.Detector.load()
built_in.bundle

# %% [markdown]
# ### Una radiografía real
#
# Del paquete `pydicom-data`. La red ve el recuadro de los pulmones y nada más de la radiografía.

# %% tags=["plot"]
from covid_d.radiograph.sample import sample_film

stated = covid_d.Stated(projection=covid_d.Projection.PA, adult=True)
real = built_in.assess(sample_film(), name="una radiografía real", stated=stated, activation=True)
real

# %% [markdown]
# Cuatro probabilidades, y las categorías que quedan en juego con una tasa de error dicha. Si queda una: *típico* es
# positivo; *sin signos*, negativo. Si quedan más: *no concluyente*, la respuesta más común.

# %% tags=["plot"]
shares = pd.Series({category.value: share for category, share in real.appearance.items()})
shares.plot.barh(xlim=(0, 1), title=f"En juego: {', '.join(real.conformal_set)}")

# %% [markdown]
# ### Del aspecto a la COVID-19
#
# Cuánto cambia un aspecto la probabilidad lo contaron radiólogos que conocían el resultado del laboratorio
# (`docs/es/likelihood.md`). Con la prevalencia de su unidad da un intervalo, nunca un solo número: aquí, de una
# radiografía con seguridad típica y de una con seguridad sin signos.

# %%
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.likelihood import PUBLISHED

for sure in (Appearance.TYPICAL, Appearance.NEGATIVE):
    looks = {category: float(category is sure) for category in CATEGORIES}
    covid = PUBLISHED.covid(looks, shares=[0.25] * 4, prevalence=0.05)
    print(f"{sure.value}: {covid.low:.0%} – {covid.high:.0%}")

# %% [markdown]
# Sin prevalencia no hay intervalo: `real.covid` queda vacío. Un modelo de demostración nunca lo da. Qué tan bueno es el
# incluido, con radiografías de sus hospitales y de otros, está en el README; `docs/es/experiments.md` tiene lo que se probó.
# Para entrenar el suyo: `covid-d train DATASET --recipe appearance`, donde DATASET tiene una columna `appearance`
# (`covid-d dataset fetch siim` dice cómo obtener las radiografías).

# %%
bool(real.covid)

# %% [markdown]
# En la línea de órdenes, para una carpeta de radiografías: `covid-d predict FOLDER --bundle guide/run/bundle`. Como
# aplicación web: empaquételo con `covid-d bundle pack guide/run/bundle mine.zip`, inicie `covid-d serve` y que el administrador
# instale `mine.zip` en *Modelos*.
#
# **¿Sus propias radiografías?** Una carpeta con un `manifest.csv` (`path,label` y, si se conocen,
# `source,patient,view,age,sex`) es una colección como cualquier otra: póngala junto a las demás en `build_dataset`. Y lea
# las cifras de *su* fuente.
