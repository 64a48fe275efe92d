"""Training turns: questions and answers made from captions, given pairs, and pictures in a row.

    examples = load_examples(folder, "train")
    maker = TurnMaker(examples, seed=1)
    turns = maker.picture_turns(examples[0], Random(7), 5)

Pure Python and numpy; the pictures themselves are never opened.
"""

from streamvid.training.turns.errors import CaptionsFolderError, NoExamplesError, TurnsError
from streamvid.training.turns.examples import load_examples
from streamvid.training.turns.maker import DEFAULT_MIX, TurnMaker
from streamvid.training.turns.turn import Example, GivenPair, Kind, Turn

__all__ = [
    "DEFAULT_MIX",
    "CaptionsFolderError",
    "Example",
    "GivenPair",
    "Kind",
    "NoExamplesError",
    "Turn",
    "TurnMaker",
    "TurnsError",
    "load_examples",
]
