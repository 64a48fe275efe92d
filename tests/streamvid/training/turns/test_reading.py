import pytest

from streamvid.training.turns import Example, GivenPair
from streamvid.training.turns.claims import claim
from streamvid.training.turns.reading import Reader

READER = Reader([])


def read(*captions, qa=()):
    return READER.read(Example("x.jpg", captions, qa, "", False))


def names(claims):
    return {c.name for c in claims}


FULL = ("A man rides a bicycle.", "A man on a bike.", "A cyclist.", "A man is riding a bike.")


def test_what_captions_name_is_there_by_every_word_for_it():
    true = names(read(*FULL).verdicts.true)
    assert {"a man", "a person", "a bicycle", "a person riding a bike"} <= true


def test_what_captions_could_mean_is_never_denied():
    false = names(read(*FULL).verdicts.false)
    assert {"a motorcycle", "a helmet", "a child"}.isdisjoint(false) or "a dog" in false
    assert "a motorcycle" not in false  # a bike can be one
    assert "a person" not in false
    assert {"a dog", "a boat", "snow", "a person swimming"} <= false


@pytest.mark.parametrize(
    ("captions", "open_concept"),
    [
        (("A group of people.",) * 4, "a woman"),
        (("A young child plays.",) * 4, "a girl"),
        (("A puppy sleeps.",) * 4, "a dog"),
        (("An animal runs.",) * 4, "a horse"),
        (("A man on a couch.",) * 4, "a sofa"),
        (("A person is skiing.",) * 4, "snow"),
        (("A boat on the lake.",) * 4, "the sea"),
        (("A man throws a ball.",) * 4, "a soccer ball"),
        (("People walk down the road.",) * 4, "a street"),
        (("A skateboarder on a ramp.",) * 4, "a skateboard"),
        (("A girl walks on the sand.",) * 4, "a beach"),
    ],
)
def test_synonyms_and_wider_words_block_a_no(captions, open_concept):
    assert open_concept not in names(read(*captions).verdicts.false)


def test_few_captions_deny_no_common_thing():
    reading = READER.read(
        Example(
            "x.jpg", (), (GivenPair("What is it?", "bus", "object", "A bus is there."),), "", False
        )
    )
    assert "a bus" in names(reading.verdicts.true)
    assert "a person" not in names(reading.verdicts.false)
    assert "an elephant" in names(reading.verdicts.false)


def test_a_motorcycle_called_bike_is_no_bicycle():
    true = names(read("A man rides a motorcycle.", "A man on a bike.").verdicts.true)
    assert "a bicycle" not in true
    assert "a motorcycle" in true


def test_states_are_false_on_evidence_only():
    sitting = read(*("A man sits on a bench.",) * 4).verdicts
    assert claim("state", "the man", "sitting") in sitting.true
    assert claim("state", "the man", "standing") in sitting.false
    assert claim("state", "the man", "smiling") not in sitting.false
    both = read("A man sits.", "A man stands.", "A man sits.", "A man.").verdicts
    assert claim("state", "the man", "standing") in both.true
    many = read(*("Two men sit on a bench.",) * 4).verdicts
    assert claim("state", "the man", "standing") not in many.false


def test_colours_that_could_be_confused_are_not_denied():
    verdicts = read(*("A brown dog runs.",) * 4).verdicts
    assert claim("colour", "the dog", "brown") in verdicts.true
    assert claim("colour", "the dog", "white") in verdicts.false
    assert claim("colour", "the dog", "tan") not in verdicts.false
    two = read(*("A black dog and a white dog run.",) * 4).verdicts
    assert not [c for c in two.true | two.false if c.form == "colour"]


def test_clothes_belong_to_their_wearer():
    verdicts = read(*("A man in a red shirt walks.",) * 4).verdicts
    assert claim("wear", "the man", "red", "shirt") in verdicts.true
    assert claim("wear", "the man", "green", "shirt") in verdicts.false


@pytest.mark.parametrize(
    ("captions", "kind", "key", "answer"),
    [
        (("A man in a red shirt walks.",) * 3, "colour", ("colour", "shirt"), "Red."),
        (("Two dogs and a red ball.",) * 3, "colour", ("colour", "ball"), "Red."),
        (("Two dogs run.", "Two brown dogs.", "2 dogs."), "count", ("count", "dogs"), "Two."),
        (("Two boys and a girl.",) * 3, "count", ("count", "people"), "Three."),
        (("A dog runs on a beach.",) * 3, "where", ("setting",), "On a beach."),
        (("A dog runs through a field.",) * 3, "where", ("place", "dog"), "In a field."),
        (("A man is riding a bike.",) * 3, "what", ("riding", "man"), "A bike."),
        (("A boy is holding his orange cup.",) * 3, "what", ("holding", "boy"), "An orange cup."),
        (("A man plays tennis.",) * 3, "what", ("playing", "man"), "Tennis."),
        (("A man is riding a bike.",) * 3, "what", ("who", "riding"), "A man."),
        (
            ("A girl is dancing in the rain.",) * 3,
            "doing",
            ("doing", "girl"),
            "Dancing in the rain.",
        ),
        (("A dog lays on a rug.",) * 3, "doing", ("doing", "dog"), "Lying on a rug."),
        (("A cat on a bed.",) * 3, "what", ("animal",), "A cat."),
        (("A man wearing a hat.",) * 3, "what", ("head", "man"), "A hat."),
        (("A skier on the snow.",) * 3, "what", ("season",), "Winter."),
    ],
)
def test_facts_come_from_captions(captions, kind, key, answer):
    facts = [fact for fact in read(*captions).facts if fact.key == key]
    assert facts
    assert facts[0].kind == kind
    assert answer in facts[0].answers
    assert len(set(facts[0].questions)) >= 4


@pytest.mark.parametrize(
    ("captions", "key"),
    [
        (("Two dogs.", "Three dogs.", "Two dogs."), ("count", "dogs")),
        (("Several dogs.",) * 3, ("count", "dogs")),
        (("A quarterback.", "A group of football players.", "A man."), ("count", "people")),
        (("A red car.", "A blue car.", "A green car."), ("colour", "car")),
        (("A red car and a blue car.",) * 3, ("colour", "car")),
        (("A dog and a cat.",) * 3, ("animal",)),
        (("A dog jumps.",) * 3, ("setting",)),
    ],
)
def test_where_captions_disagree_nothing_is_asked(captions, key):
    assert not [fact for fact in read(*captions).facts if fact.key == key]


def test_doings_of_a_person_are_those_of_the_one_man():
    verdicts = read(*FULL).verdicts
    assert claim("state", "the man", "riding a bike") in verdicts.true
    assert claim("state", "the man", "playing the guitar") in verdicts.false
    crowd = read(*("People watch two men ride bikes.",) * 4).verdicts
    assert not [c for c in crowd.true | crowd.false if c.form == "state"]


def test_a_part_of_the_body_is_no_subject():
    facts = read("A woman sits with her head resting on a table.").facts
    doings = [answer for fact in facts if fact.kind == "doing" for answer in fact.answers]
    assert doings
    assert not [answer for answer in doings if "resting" in answer.lower().split()[:4]]


def test_a_choice_of_colours_is_asked_whichever_is_right():
    def choices(colour):
        captions = (f"A {colour} ball lies on the floor.",) * 3
        facts = [fact for fact in read(*captions).facts if fact.key == ("colour", "ball")]
        return {question for fact in facts for question in fact.questions if " or " in question}

    assert "Is the ball red or green?" in choices("red") & choices("green")
    assert "Is the ball green or red?" in choices("red") & choices("green")
    assert not [question for question in choices("brown") if "tan" in question]
