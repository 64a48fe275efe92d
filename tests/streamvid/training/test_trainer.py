"""Training at tiny size, on made-up features: it learns, and an interrupted run ends the same."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from streamvid.model.nano.prompt import Prompt
from streamvid.model.nano.retrieval_head import EMBEDDING_WIDTH, RetrievalHead
from streamvid.model.nano.tower import CELLS, COLOUR_CELL, DEEP_WIDTH, SHALLOW_CELL
from streamvid.training.features import VIEWS, FeatureCache
from streamvid.training.material import Material
from streamvid.training.mixture import Mixture, MixtureSettings
from streamvid.training.network import Network
from streamvid.training.stages import COOLDOWN, MAIN, WARMUP
from streamvid.training.trainer import Trainer, TrainerSettings, trainable
from streamvid.training.turns import Example, TurnMaker

SIZES = MixtureSettings(
    pictures=4,
    picture_turns=2,
    films=2,
    film_turns=2,
    scenes=3,
    lengths_s=(6,),
    length_weights=(1,),
)
COLOURS = ("red", "green", "blue", "black")
pytestmark = pytest.mark.slow  # a step of five layers over packed rows takes half a second


@pytest.fixture(scope="module")
def material(small_language_folder, tower):
    rng = np.random.default_rng(0)
    examples = [
        Example(
            f"{colour}.jpg",
            (f"A {colour} dog runs on the grass.", f"A dog that is {colour} runs."),
            (),
            "made",
            squashed=False,
        )
        for colour in COLOURS
    ]

    def features(width):
        # A picture's own pattern, and a little of each view's.
        own = rng.normal(size=(len(COLOURS), 1, CELLS, width))
        return (own + 0.1 * rng.normal(size=(len(COLOURS), VIEWS, CELLS, width))).astype(np.float16)

    cache = FeatureCache(features(DEEP_WIDTH), features(SHALLOW_CELL), features(COLOUR_CELL))
    embeddings = torch.nn.functional.normalize(
        torch.randn(
            len(COLOURS), VIEWS, EMBEDDING_WIDTH, generator=torch.Generator().manual_seed(1)
        ),
        dim=-1,
    )
    return Material(
        language_folder=small_language_folder,
        tower=tower,
        cache=cache,
        numbers={example.image: number for number, example in enumerate(examples)},
        train=examples,
        dev=examples,
        head=RetrievalHead(),
        embeddings=embeddings,
    )


def trainer(material, work, **settings):
    torch.manual_seed(0)
    network = Network(material.language_folder)
    network.vision.copy_frozen(material.tower)
    maker = TurnMaker(material.train, seed=0)
    numbers = list(range(len(material.train)))
    mixture = Mixture(material.train, numbers, maker, SIZES, seed=0)
    said = []
    made = Trainer(
        network,
        Prompt(material.language_folder),
        material,
        mixture,
        mixture,
        work,
        settings=TrainerSettings(**{"bf16": False, "probe_pictures": 4, **settings}),
        say=said.append,
    )
    return made, said


def losses_of(trainer, stage, steps):
    optimizer = trainer._optimizer(stage)
    return [trainer._train_step(stage, optimizer, trainer.mixture) for _ in range(steps)]


def test_twenty_steps_of_each_stage_reduce_the_loss(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    warm = losses_of(made, WARMUP, 20)
    assert np.mean(warm[-5:]) < np.mean(warm[:5]) - 0.2
    main = losses_of(made, replace(MAIN, language_rate=1e-3), 20)
    assert np.mean(main[-5:]) < np.mean(warm[-5:]) - 0.2


def test_warm_up_leaves_the_language_model_alone(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    before = {name: tensor.clone() for name, tensor in made.masters.tensors.items()}
    losses_of(made, WARMUP, 2)
    moved = {
        name for name, tensor in made.masters.tensors.items() if not tensor.equal(before[name])
    }
    assert not any(name.startswith("language.") for name in moved)
    assert any(name.startswith("layers.") for name in moved)
    losses_of(made, MAIN, 1)
    moved = {
        name for name, tensor in made.masters.tensors.items() if not tensor.equal(before[name])
    }
    assert any(name.startswith("language.") for name in moved)


def test_the_token_table_and_the_tower_are_never_trained(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    names = trainable(made.network)
    for frozen in ("embed_tokens", "lm_head", "retrieval", "classifier", "patches.head"):
        assert not any(frozen in name for name in names)


def test_an_interrupted_run_ends_as_an_uninterrupted_one(material, tmp_path):
    whole, _ = trainer(material, tmp_path / "whole")
    (tmp_path / "whole").mkdir()
    whole.run(WARMUP, 6)
    (tmp_path / "parts").mkdir()
    first, _ = trainer(material, tmp_path / "parts")
    first.run(WARMUP, 3)
    second, said = trainer(material, tmp_path / "parts")
    second.run(WARMUP, 6)
    assert "warmup: going on from step 3" in said
    assert second.step == whole.step
    for name, tensor in whole.masters.tensors.items():
        assert torch.allclose(tensor, second.masters.tensors[name], atol=1e-6), name


def test_a_cool_down_goes_on_with_the_main_stages_moments(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    made.run(MAIN, 2)
    steps = int(made._last.state_dict()["state"][0]["step"])
    made.run(replace(COOLDOWN, new_rate=1e-6, copied_rate=1e-6, language_rate=1e-6), 1)
    assert int(made._last.state_dict()["state"][0]["step"]) == steps + 1
    assert [group["base"] for group in made._last.param_groups] == [1e-6] * 3


def test_training_goes_on_from_the_mean_of_stages_that_ended(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    ends = []
    for name in ("cooldown-1", "cooldown-2"):
        made.run(replace(COOLDOWN, name=name), 2)
        ends.append({n: tensor.clone() for n, tensor in made.masters.tensors.items()})
    assert any(not ends[0][name].equal(ends[1][name]) for name in ends[0])
    made.start_at_mean(["cooldown-1", "cooldown-2"])
    parameters = dict(made.network.named_parameters())
    for name, tensor in made.masters.tensors.items():
        assert torch.allclose(tensor, (ends[0][name] + ends[1][name]) / 2, atol=1e-7), name
        assert torch.equal(parameters[name], tensor), name
    assert made.steps_done("cooldown-2") == 2
    assert made.steps_done("closing") == 0


def test_figures_are_written_at_the_end_of_a_stage(material, tmp_path):
    made, _ = trainer(material, tmp_path)
    made.run(WARMUP, 1)
    line = json.loads((tmp_path / "figures.jsonl").read_text().splitlines()[-1])
    assert line["stage"] == "warmup"
    assert line["caption_nll"] > 0
    assert line["caption_nll_wrong"] > 0


def test_the_rate_of_a_cool_down_falls_to_nothing():
    rates = [COOLDOWN.rate_at(step, 200) for step in range(201)]
    assert max(rates) > 0.8
    assert rates[200] == pytest.approx(0)
    assert MAIN.rate_at(4000, 5000) == 1
