"""The concepts we know by heart: things, places, people and doings that captions speak of.

Written out because a wrong "no" teaches worse than none: each row lists what else the words of a
caption could mean. Whatever else a folder's captions often name is mined beside it (``mining``).
"""

from __future__ import annotations

from streamvid.training.turns.concepts import Concept, Term, parse_evidence, union
from streamvid.training.turns.families import FAMILIES, joined_lines

# phrases; evidence; what else could mean it; words beside which its own don't count; scenes;
# "c" for common things.
_THINGS = """
a man; man; neutral young childany boy; ; people; c
a woman; woman; neutral young childany girl; ; people; c
a boy; boy; man neutral childany young baby; ; people; c
a girl; girl; woman neutral childany young baby; ; people; c
a child|a kid; child; neutral young baby man woman; ; people; c
a baby; baby; childany neutral young; ; people; c
a person|a human being|someone; person; neutral body; ; people animals; c
a crowd of people|a crowd; crowd; many; ; people; c
a dog; dog; animalword; ; animals;
a cat; cat; animalword; ; animals home;
a horse; horse; horse_words animalword; ; animals;
a bird; bird; animalword flight wings nest feathers; ; animals;
a cow; cow; animalword rodeo horse farm; ; animals;
a sheep; sheep; animalword goat goats wool; ; animals;
an elephant; elephant; animalword; ; animals;
a giraffe; giraffe; animalword; ; animals;
a zebra; zebra; animalword horse; ; animals;
a bear; bear; animalword teddy; teddy_bear teddy_bears; animals;
a monkey; monkey; animalword; ; animals;
an animal; animal | animalword; carriage rodeo jockey paw tail zoo farm leash; ; animals;
a car; car; vehicle; ; traffic; c
a bus; bus; vehicle; ; traffic;
a truck; truck; vehicle wheels; ; traffic;
a motorcycle|a motorbike; motor; bike wheels vehicle helmet; ; traffic wheels;
a bicycle|a bike; bicycle | bike; wheels bike helmet; motor motorcycle motorcycles racing dirt;
    traffic wheels;
a boat; boat; boaty; ; water;
a train; train; rail_words; train_tracks training; traffic;
an airplane|a plane; plane; airport runway helicopter glider wings flying; ; sky;
a scooter; scooter scooters; moped motor wheels; ; wheels;
a ball; ballword; ballgame game players playing plays; ; ball; c
a frisbee; frisbee; disc; ; ball;
a skateboard; skateboard; skate; ; wheels;
a surfboard; surf; surfy; ; water;
a snowboard; snowboard; ski snowy board; ; snow;
a sled; sled; tube snow slide_words; ; snow;
a swing; swing; swingword; ; play;
a slide; slide; slideword; ; play;
a trampoline; trampoline; bounce; ; play;
a guitar; guitar; musical; ; music;
a basketball; basketball; hoopword ballword team_words; ; ball;
a soccer ball; soccer_ball | soccer+ballword; ballword ballgame soccer; ; ball;
a football; football; ballword rugby soccer team_words; ; ball;
a tennis racket; racket; tennis; ; ball;
a baseball bat|a bat; baseball_bat | bat+baseball; baseball bat bats cricket stick; ; ball;
a swimming pool|a pool; pool; swim swimmy splash splashes splashing water_slide slide; pool_table;
    water;
a beach; beach; beachy; ; water;
snow; snow; snowy; ; snow;
water; water; watery; ; water; c
the sea|the ocean; ocean; oceanish; ; water;
a river; river; riverish; ; water;
a lake; lake; lakeish; ; water;
a waterfall; waterfall; rapids; ; water;
a fountain; fountain; sprinkler spray jets water; ; water;
a mountain; mountain; mountainish; ; nature;
a forest; forest; foresty; ; nature;
a street|a road; street; streety; ; traffic; c
a playground; playground; playgroundish; ; play;
a kitchen; kitchen; kitchenish; ; home; c
a bathroom; bathroom; bathroomish; ; home; c
a bed; bed; beddy; ; home; c
a sofa|a couch; sofa; seaty beddy; ; home; c
a bench; bench; benchy; ; home; c
a television|a TV; tv; computer living_room; ; home; c
a computer; computer; computery; ; home; c
a phone; phone; phoney; ; home; c
an umbrella; umbrella; rain canopy; ; outside;
a tent; tent; canopy; ; outside;
a kite; kite; kitey; ; sky;
a pizza; pizza; food foody; ; food;
a cake; cake; food foody birthday; ; food;
fruit; fruit; food foody; ; food; c
food; food; foody; ; food; c
a wheelchair; wheelchair; chair; ; wheels;
a stroller; stroller; wagon baby cart; ; wheels;
a statue; statue; statuey; ; outside;
a balloon; balloon; ballword kitey party; ; play;
bubbles; bubble; bath soap foam; ; play;
a flag; flag; flaggy; ; outside;
a bridge; bridge; bridgey; ; outside;
stairs; stairs; stairsy; ; outside; c
a ladder; ladder; stairsy climbing; ; outside;
a musical instrument; instrument; musical; ; music;
a microphone; microphone; micy; ; music;
a clock; clock; clocky; ; home; c
a toilet; toilet; bathroom bathroomish; ; home; c
a refrigerator|a fridge; fridge; kitchen kitchenish; ; home; c
a fire hydrant; hydrant; fire; ; traffic;
a traffic light; trafficlight; street streety; ; traffic; c
a teddy bear; teddy; bear toy toys; ; home;
a fire; fire; fireish; fire_truck fire_hydrant hydrant; outside;
a sunset; sunset; sunsety; ; sky;
a book; book; booky; ; home; c
a stick; stick; sticky; ; ball;
a rope; rope; ropey; ; play; c
"""

# subject; doing; evidence; what else could mean it; words beside which its own don't count; scenes.
_DOINGS = """
a person; riding a bike; person+v_ride>bike | bicycle+v_ride | cyclist | bicyclist | biking; bike
    bicycle wheels; motor motorcycle motorcycles dirt; wheels
a person; riding a motorcycle; v_ride>motor | motorcyclist | motocross | dirt_biker; motor bike
    wheels; ; wheels
a person; riding a horse; v_ride>horse | jockey | jockeys | v_ride>bronco | v_ride>bronc;
    horse_words cow animalword; ; animals
a person; riding a skateboard; person+v_ride>skateboard | skateboarder | skateboarders |
    person:skateboarding; skateboard skate; ; wheels
a person; riding a wave; surfer | v_surf+surf | person+v_ride>wave; surf surfy; ; water
a person; swimming; person:swim | person:swims | person:swimming | swimmer; swim swimmy pool
    splashing splashes water lake ocean; ; water
a person; skiing; skier | skiers | person:skiing; ski snowboard slope snow; ; snow
a person; climbing a rock; rockclimb | person+v_climb>rockface; rockclimb v_climb climber climbers
    hiker hikers cliff rocks rock wallclimb; ; nature
a person; climbing; person:climb | person:climbs | person:climbing | rockclimb; v_climb climber
    climbers ladder wallclimb cliff rock rocks hike hiking; ; nature play
a person; running; person:run | person:runs | person:running | jogger; v_run race races racing
    runner runners jog jogging chase chases chasing player players game ball football soccer track
    playing sprint sprinting; ; move
a person; jumping; person:jump | person:jumps | person:jumping | person:leaps | person:leaping;
    v_jump v_leap air midair airborne trick flip hop diving dives trampoline stunt flying flies
    bounce bouncing hurdle; ; move
a person; sitting; person:sit | person:sits | person:sitting | seated; v_sit seated seat bench
    chair couch rides riding lap restaurant swing laying lying squats crouching table driving boat
    kneeling rests resting eating computer bus canoe; ; rest
a person; sleeping; person:sleep | person:sleeps | person:sleeping | asleep; v_sleep asleep laying
    lying lies lays rest resting bed nap; ; rest
a person; eating; person:eat | person:eats | person:eating; v_eat food foody restaurant table
    drink; ; food
a person; drinking; person:drink | person:drinks | person:drinking; v_drink bottle beer cup glass
    wine bar soda coffee food restaurant table straw; ; food
a person; reading; person:read | person:reads | person:reading; booky book; ; rest
a person; dancing; person:dance | person:dances | person:dancing | dancer | dancers; v_dance
    dancer dancers perform performing performs party costume costumes music concert; ; music
a person; playing the guitar; guitar+v_play | guitarist | v_strum+guitar; guitar musical; ; music
a person; singing; person:sing | person:sings | person:singing | singer; singer v_sing microphone
    music band concert choir stage karaoke performing performs; ; music
a person; playing soccer; v_play+soccer | soccer_player | soccer_players | soccer_game; soccer
    ballword team_words kick kicks kicking goalie goal; ; ball
a person; playing football; v_play>football | football_player | football_players | quarterback |
    football_game; football rugby team_words; ; ball
a person; playing basketball; v_play>basketball | basketball_player | basketball_players |
    basketball_game; basketball hoopword team_words; ; ball
a person; playing tennis; v_play>tennis | tennis_player; tennis racket team_words; ; ball
a person; playing baseball; baseball+v_play | baseball_player | baseball_players | batter | umpire
    | baseball_game; baseball ballword team_words bat; ; ball
a child; playing with a ball; child+ballword+v_play; ballword ballgame team_words; ; ball play
a person; kicking a ball; v_kick>ballword; v_kick ballgame ballword soccer; ; ball
a person; throwing a ball; v_throw>ballword | pitcher; v_throw ballword pitch pitches toss tossing
    ballgame; ; ball
a child; on a swing; child+swing; swingword swing; ; play
a child; going down a slide; child+slide; slideword slide; ; play
a person; walking; person:walk | person:walks | person:walking; v_walk stroll hike hiking hikers
    hiker path cross crosses crossing street sidewalk pedestrians parade stepping strolling march
    marching running standing run runs; ; move
a person; walking a dog; person+v_walk>dog | dog+leash+person; leash dog; ; animals
a person; taking a picture|taking a photo; person+v_take>picture | v_take>photo |
    v_take>photograph | photographer; camera photo picture photographer photograph filming video
    tripod; posing pose poses; people
a person; talking on the phone; v_talk>phone; phone phoney; ; people
a person; smoking; person:smoke | person:smokes | person:smoking; smoke cigarette cigar pipe; ;
    people
a person; fishing; person:fishing | person:fish | fishing_pole | fishing_rod; fishing fish
    fisherman dock pole net river lake boat pier; ; water
a person; cooking; person:cook | person:cooking | chef; cook cooking chef kitchen grill food stove
    foody; ; food
a person; pushing a stroller; v_push>stroller; stroller wagon cart; ; wheels
a person; wrestling; person:wrestle | person:wrestling | wrestlers; wrestle wrestling wrestler
    wrestlers fight fighting karate boxing martial_arts judo tackle; ; move
two people; hugging; v_hug+person | embracing | hug; v_hug embrace embracing kissing kiss kisses
    couple arms around; ; people
a dog; running; dog:run | dog:runs | dog:running; v_run v_chase race races racing v_jump v_leap
    bounding bounds play plays playing fetch fetching retrieving catch v_walk trots trotting
    track; ; dogs
a dog; swimming; dog:swim | dog:swims | dog:swimming; swim swimmy water pool lake river ocean
    splashing splashes; ; dogs
a dog; jumping; dog:jump | dog:jumps | dog:jumping | dog:leaps | dog:leaping; v_jump v_leap air
    midair catch catches catching hurdle hurdles bounding obstacle_course running trick bounds; ;
    dogs
a dog; lying down; dog:laying | dog:lying | dog:lies | dog:lays; v_lie lying rest resting rests
    sleep sleeping sits sitting rolling rolls asleep bed couch; ; dogs
a dog; sitting; dog:sit | dog:sits | dog:sitting; v_sit v_lie seated resting rests lying standing
    waiting waits looks looking stands bed couch; ; dogs
a dog; catching a frisbee; dog+v_catch>frisbee | dog+frisbee+v_jump | dog+frisbee+v_leap; frisbee
    disc; ; dogs
a dog; carrying a stick; dog+v_carry>stick | dog+stick+mouth; stick sticky; ; dogs
a dog; playing with a ball; dog+ballword+v_play | dog+ballword+v_catch | dog+ballword+v_chase |
    dog+ballword+mouth; ballword toy object; ; dogs
a dog; playing in the snow; dog+snow; snow snowy; ; dogs snow
"""


def load_catalogue() -> list[Concept]:
    """The concepts above, things first."""
    return [_thing(row) for row in _rows(_THINGS)] + [_doing(row) for row in _rows(_DOINGS)]


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split(";")] for row in joined_lines(table)]


def _thing(row: list[str]) -> Concept:
    phrases, evidence, blocks, unless, scenes, common = row
    terms, own = _evidence(evidence)
    return Concept(
        phrases=tuple(phrases.split("|")),
        evidence=terms,
        blocks=own | union(blocks.split(), FAMILIES),
        unless=union(unless.split(), FAMILIES),
        scenes=frozenset(scenes.split()),
        common=common == "c",
    )


def _doing(row: list[str]) -> Concept:
    subject, doing, evidence, blocks, unless, scenes = row
    forms = doing.split("|")
    terms, _ = _evidence(evidence)
    single = [term.together[0] for term in terms if len(term.together) == 1]
    return Concept(
        phrases=tuple(f"{subject} {form}" for form in forms),
        evidence=terms,
        # Words shared by many doings ("person", "ride") block nothing; a row lists what does.
        blocks=frozenset().union(*single) | union(blocks.split(), FAMILIES),
        unless=union(unless.split(), FAMILIES),
        scenes=frozenset(scenes.split()),
        common=subject != "a dog",
        clause=(subject, forms[0]),
    )


def _evidence(text: str) -> tuple[tuple[Term, ...], frozenset[str]]:
    if "|" not in text and "+" not in text and ">" not in text and ":" not in text:
        text = " | ".join(text.split())
    return parse_evidence(text, FAMILIES)
