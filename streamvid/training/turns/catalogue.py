"""The concepts we know by heart: things, places, people and doings that captions speak of.

Written out because a wrong "no" teaches worse than none: each row lists what else the words of a
caption could mean. Whatever else a folder's captions often name is mined beside it (``mining``).
"""

from __future__ import annotations

from streamvid.training.turns import grammar, words
from streamvid.training.turns.concepts import Concept, parse_evidence, union


def _forms(verb: str) -> frozenset[str]:
    third = verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return frozenset({verb, third, grammar.ing_form(verb)})


FAMILIES: dict[str, frozenset[str]] = {
    name: frozenset(text.split())
    for name, text in {
        "bicycle": "bicycle bicycles bicyclist bicyclists cyclist cyclists bmx biking cycling "
        "mountain_bike mountain_biker mountain_bikers mountain_biking",
        "bike": "bike bikes bicycle bicycles biker bikers",
        "motor": "motorcycle motorcycles motorbike motorbikes motor_bike motor_cycle motorcyclist "
        "motorcyclists motocross dirt_bike dirt_bikes dirt_biker dirt_bikers dirtbike motorcycling",
        "wheels": "scooter moped atv quad unicycle tricycle rider riders racer racing handlebars",
        "car": "car cars automobile sedan convertible race_car racecar taxi cab race_cars minivan",
        "vehicle": "vehicle vehicles traffic van jeep suv truck parked parking_lot driving drives "
        "racetrack race_track driver toy_car parking street_scene",
        "bus": "bus buses",
        "truck": "truck trucks pickup lorry fire_truck",
        "boat": "boat boats canoe canoes kayak kayaks ship sailboat sailboats ferry rowboat yacht "
        "speedboat gondola fishing_boat raft rafts kayaker kayaking canoeing rafting rowing barge",
        "boaty": "sail sails sailing paddle paddling rowers harbor marina oar dock docked tube",
        "train": "train trains locomotive",
        "rail_words": "railroad tracks train_tracks station subway tram trolley train_station toy_train",
        "plane": "airplane airplanes plane planes jet jets aircraft biplane airliner jetliner "
        "air_plane",
        "ballword": "ball balls soccer_ball tennis_ball tennis_balls beach_ball football basketball "
        "volleyball softball baseball",
        "ballgame": "soccer tennis rugby cricket golf kick kicking kicks dribble dribbling goal "
        "pitcher juggling bowling sphere toy fetch",
        "frisbee": "frisbee frisbees",
        "disc": "disc disk toy object",
        "skateboard": "skateboard skateboards skateboarder skateboarders skateboarding "
        "skateboarded skate_board skate_boarder skate_boarding",
        "skate": "skate skates skater skaters skating board boards grind grinds grinding rail "
        "skatepark skate_park ramp halfpipe scooter skate_ramp",
        "surf": "surfboard surfboards surfer surfers surfing surfs surf_board",
        "surfy": "surf board boards wakeboard wakeboarder wakeboarding bodyboard boogie bodyboarder "
        "windsurfing parasailing wave waves wetsuit wet_suit paddle",
        "snowboard": "snowboard snowboards snowboarder snowboarders snowboarding snowboards "
        "snow_board snow_boarder",
        "ski": "ski skis skier skiers skiing skied ski_slope ski_lift",
        "sled": "sled sleds sledding sledge toboggan dog_sled",
        "tube": "tube innertube inner_tube tubing",
        "swing": "swing#n tire_swing rope_swing swing_set",
        "swingword": "swing swings swinging playground rope",
        "slide": "slide#n water_slide waterslide",
        "slideword": "slide slides sliding playground chute tube",
        "guitar": "guitar guitars guitarist guitarists",
        "drum": "drum drums drummer drummers drumming",
        "musical": "instrument instruments band musician musicians music violin banjo perform "
        "performing performs concert stage musical",
        "basketball": "basketball basketballs basketball_player basketball_players basketball_game "
        "basketball_court",
        "hoopword": "hoop dunk dunking dribble dribbling dribbles court",
        "soccer": "soccer soccer_ball soccer_player soccer_players soccer_game soccer_field",
        "football": "football footballs football_player football_players football_game "
        "football_team football_field footballer footballers quarterback",
        "baseball": "baseball baseball_player baseball_players baseball_game baseball_bat batter "
        "umpire baseball_field softball pitcher baseball_glove",
        "racket": "tennis_racket tennis_racquet racket rackets racquets tennis_player",
        "tennis": "tennis tennis_player tennis_racket tennis_court badminton",
        "hockey": "hockey hockey_player hockey_players hockey_game hockey_stick ice_hockey goalie",
        "rugby": "rugby rugby_player rugby_players",
        "team_words": "player players team teams game uniform uniforms jersey jerseys sport sports "
        "tackle tackled tackles match helmet helmets field",
        "pool": "pool pools swimming_pool",
        "swim": "swim swims swimming swam",
        "swimmy": "swimmer swimmers diver dive diving dives float floating floats wading wades "
        "paddling snorkel scuba underwater",
        "beach": "beach beaches seashore seaside",
        "beachy": "sand sandy shore shoreline ocean sea coast dune dunes waves tide surf seagulls "
        "surfer wave",
        "snow": "snow snowy snowball snowman snowboard snowboarder snowboarding snow_covered "
        "snow-covered snowbank snowmobile ski_slope",
        "snowy": "winter ice icy ski skis skier skiers skiing sled sledding blizzard frozen glacier "
        "slope cold",
        "water": "water river lake ocean sea pool swimming_pool pond stream creek waves wave rapids "
        "waterfall",
        "watery": "swim swims swimming swimmer boat boats beach shore wet rain puddle raft kayak "
        "canoe fish dock bath tub bathtub sprinkler hose splash splashes splashing splashed surf "
        "surfing surfer surfboard fountain coast diving island harbor marsh swamp underwater bay "
        "wakeboard wakeboarder water_slide bay bridge wading tide hot_tub "
        "water_skiing jet_ski pier snow mud muddy glass bottle drink drinking",
        "ocean": "ocean sea",
        "river": "river stream creek rapids",
        "lake": "lake pond",
        "riverish": "water kayak canoe raft rafting lake pond bridge shore canal kayaker bank",
        "lakeish": "water shore dock river ocean sea boat stream",
        "oceanish": "water wave waves surf surfer surfing beach lake shore coast boat river",
        "waterfall": "waterfall waterfalls",
        "fountain": "fountain fountains water_fountain",
        "mountain": "mountain mountains mountainside mountaintop peak",
        "mountainish": "hill hills hillside cliff cliffs rock rocks rocky ridge summit slope snowy "
        "ski skiing climber climbing hiker hiking canyon valley glacier",
        "forest": "forest woods woodland jungle wooded",
        "foresty": "tree trees leaves trail branches brush path log hiking hike",
        "street": "street streets road roads",
        "streety": "sidewalk city crosswalk intersection highway alley pavement paved asphalt "
        "driveway path car cars traffic dirt_road track racetrack curb corner town urban parking_lot "
        "parade bus road street dirt_path lane bike",
        "playground": "playground playgrounds",
        "playgroundish": "slide slides swing swings jungle park monkey_bars bars play_area equipment "
        "climbing gym",
        "kitchen": "kitchen",
        "kitchenish": "stove oven refrigerator fridge counter cooking cook cooks sink microwave "
        "dishes cabinets chef food pan pot baking bowl restaurant",
        "bathroom": "bathroom restroom",
        "bathroomish": "toilet shower tub bathtub sink mirror bath urinal tile",
        "bed": "bed beds",
        "beddy": "bedroom sleeping sleep sleeps hotel pillow blanket mattress lying crib couch sofa "
        "cot lays laying lies hospital",
        "sofa": "couch sofa couches sofas loveseat",
        "seaty": "chair chairs seat armchair living_room sitting sits bed recliner sit bench",
        "bench": "bench benches",
        "benchy": "seat seats sit sits sitting seated chair chairs picnic_table bleachers table",
        "tv": "tv television televisions screen monitor",
        "computer": "laptop laptops computer computers computer_screen keyboard monitor",
        "computery": "screen desk mouse office typing device tv television",
        "phone": "phone cell_phone cell_phones mobile_phone telephone phones smartphone cell",
        "phoney": "talking device call texting camera hand",
        "umbrella": "umbrella umbrellas parasol",
        "tent": "tent tents",
        "canopy": "canopy camping camp tarp booth umbrella shelter awning market festival",
        "trampoline": "trampoline trampolines",
        "bounce": "bouncy_castle bounce_house inflatable bouncing bounce bounces jumping_castle net",
        "kite": "kite kites",
        "kitey": "parachute balloon parasail parasailing parachuting string glider sail",
        "pizza": "pizza pizzas",
        "cake": "cake cakes birthday_cake cupcake cupcakes dessert pastry donut",
        "fruit": "banana bananas apple apples fruit fruits strawberries grapes",
        "food": "food meal pizza sandwich cake fruit vegetables bread eat eating eats plate plates "
        "lunch dinner breakfast banana bananas broccoli hot_dog hot_dogs ice_cream snack meat "
        "candy donut donuts salad rice noodles cookie cookies chips sandwiches corn hamburger soup "
        "carrots apple apples",
        "foody": "restaurant cafe kitchen table bowl market picnic cooking cook bone mouth grill "
        "feeding grazing treat drink drinking licking chewing counter tray carton dishes",
        "wheelchair": "wheelchair wheelchairs",
        "stroller": "stroller strollers carriage pram",
        "statue": "statue statues sculpture sculptures monument",
        "statuey": "figure carving art memorial fountain",
        "balloon": "balloon balloons",
        "bubble": "bubble bubbles",
        "flag": "flag flags",
        "flaggy": "banner banners parade",
        "bridge": "bridge bridges",
        "bridgey": "walkway pier overpass boardwalk dock railing",
        "stairs": "stairs staircase stair stairway steps#n stairwell",
        "stairsy": "steps step railing handrail rail escalator ladder porch",
        "ladder": "ladder ladders",
        "instrument": "guitar guitars guitarist violin drum drums saxophone trumpet flute piano "
        "accordion banjo cello instrument instruments tuba trombone",
        "microphone": "microphone microphones",
        "micy": "sing singing sings singer karaoke band stage performing speaker concert",
        "clock": "clock clocks",
        "clocky": "tower watch time meter",
        "toilet": "toilet toilets urinal",
        "fridge": "refrigerator fridge",
        "hydrant": "hydrant fire_hydrant",
        "trafficlight": "traffic_light traffic_lights traffic_signal",
        "teddy": "teddy_bear teddy_bears stuffed_animal stuffed_animals teddy",
        "fire": "fire bonfire campfire flames",
        "fireish": "fireplace torch fireworks burning burns smoke flame grill fire_place candle "
        "candles flaming",
        "sunset": "sunset sunrise",
        "sunsety": "dusk dawn silhouette sun evening silhouetted orange",
        "book": "book books",
        "booky": "reading reads read newspaper magazine library paper writing bookshelf",
        "horse_words": "horse horses pony ponies bronco bronc jockey jockeys rodeo equestrian polo "
        "stallion mare carriage cowboy cowboys saddle donkey mule bull",
        "animalword": "animal animals pet pets creature",
        "young": "young teen teens teenage teenager teenagers",
        "body": "arm arms hand hands leg legs foot feet finger fingers hair beard",
        "stick": "stick sticks branch branches",
        "sticky": "log twig wood pole bone object mouth limb bat hockey_stick",
        "rope": "rope ropes",
        "ropey": "leash climbing climber climbs harness string tug_war line cord swing",
        "rockclimb": "rock_climber rock_climbers rock_climbing rock_climbs",
        "rockface": "rock rocks cliff cliffs rock_wall rock_face mountain climbing_wall wall "
        "mountainside boulder",
        "wallclimb": "climber climbers rappelling rappels scaling scales",
        "crowd": "crowd crowds audience spectators crowded",
        "many": "people group many several men women children kids team teams busy parade players "
        "family fans onlookers adults players market bystanders gathered gather",
    }.items()
}
FAMILIES.update(
    man=words.PERSON_MALE,
    woman=words.PERSON_FEMALE,
    boy=words.BOYS,
    girl=words.GIRLS,
    baby=words.BABIES,
    child=words.CHILD_ANY | words.BOYS | words.GIRLS,
    childany=words.CHILD_ANY,
    neutral=words.PERSON_NEUTRAL,
    person=words.PERSON,
    animal=words.ANIMAL_WORDS - FAMILIES["animalword"],
    **words.ANIMALS,
)
for _verb in words.ACTIONS:
    FAMILIES["v_" + _verb] = _forms(_verb)
FAMILIES["v_lie"] |= _forms("lay") | {"lays"}
FAMILIES["v_watch"] |= _forms("look")

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
a bicycle|a bike; bicycle | bike; wheels bike helmet; motor motorcycle motorcycles racing dirt; traffic wheels;
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
a swimming pool|a pool; pool; swim swimmy splash splashes splashing water_slide slide; pool_table; water;
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

# subject and doing; evidence; blocks; unless; scenes.
_DOINGS = """
a person; riding a bike; person+v_ride>bike | bicycle+v_ride | cyclist | bicyclist | biking; bike bicycle wheels; motor motorcycle motorcycles dirt; wheels
a person; riding a motorcycle; v_ride>motor | motorcyclist | motocross | dirt_biker; motor bike wheels; ; wheels
a person; riding a horse; v_ride>horse | jockey | jockeys | v_ride>bronco | v_ride>bronc; horse_words cow animalword; ; animals
a person; riding a skateboard; person+v_ride>skateboard | skateboarder | skateboarders | person:skateboarding; skateboard skate; ; wheels
a person; riding a wave; surfer | v_surf+surf | person+v_ride>wave; surf surfy; ; water
a person; swimming; person:swim | person:swims | person:swimming | swimmer; swim swimmy pool splashing splashes water lake ocean; ; water
a person; skiing; skier | skiers | person:skiing; ski snowboard slope snow; ; snow
a person; climbing a rock; rockclimb | person+v_climb>rockface; rockclimb v_climb climber climbers hiker hikers cliff rocks rock wallclimb; ; nature
a person; climbing; person:climb | person:climbs | person:climbing | rockclimb; v_climb climber climbers ladder wallclimb cliff rock rocks hike hiking; ; nature play
a person; running; person:run | person:runs | person:running | jogger; v_run race races racing runner runners jog jogging chase chases chasing player players game ball football soccer track playing sprint sprinting; ; move
a person; jumping; person:jump | person:jumps | person:jumping | person:leaps | person:leaping; v_jump v_leap air midair airborne trick flip hop diving dives trampoline stunt flying flies bounce bouncing hurdle; ; move
a person; sitting; person:sit | person:sits | person:sitting | seated; v_sit seated seat bench chair couch rides riding lap restaurant swing laying lying squats crouching table driving boat kneeling rests resting eating computer bus canoe; ; rest
a person; sleeping; person:sleep | person:sleeps | person:sleeping | asleep; v_sleep asleep laying lying lies lays rest resting bed nap; ; rest
a person; eating; person:eat | person:eats | person:eating; v_eat food foody restaurant table drink; ; food
a person; drinking; person:drink | person:drinks | person:drinking; v_drink bottle beer cup glass wine bar soda coffee food restaurant table straw; ; food
a person; reading; person:read | person:reads | person:reading; booky book; ; rest
a person; dancing; person:dance | person:dances | person:dancing | dancer | dancers; v_dance dancer dancers perform performing performs party costume costumes music concert; ; music
a person; playing the guitar; guitar+v_play | guitarist | v_strum+guitar; guitar musical; ; music
a person; singing; person:sing | person:sings | person:singing | singer; singer v_sing microphone music band concert choir stage karaoke performing performs; ; music
a person; playing soccer; v_play+soccer | soccer_player | soccer_players | soccer_game; soccer ballword team_words kick kicks kicking goalie goal; ; ball
a person; playing football; v_play>football | football_player | football_players | quarterback | football_game; football rugby team_words; ; ball
a person; playing basketball; v_play>basketball | basketball_player | basketball_players | basketball_game; basketball hoopword team_words; ; ball
a person; playing tennis; v_play>tennis | tennis_player; tennis racket team_words; ; ball
a person; playing baseball; baseball+v_play | baseball_player | baseball_players | batter | umpire | baseball_game; baseball ballword team_words bat; ; ball
a child; playing with a ball; child+ballword+v_play; ballword ballgame team_words; ; ball play
a person; kicking a ball; v_kick>ballword; v_kick ballgame ballword soccer; ; ball
a person; throwing a ball; v_throw>ballword | pitcher; v_throw ballword pitch pitches toss tossing ballgame; ; ball
a child; on a swing; child+swing; swingword swing; ; play
a child; going down a slide; child+slide; slideword slide; ; play
a person; walking; person:walk | person:walks | person:walking; v_walk stroll hike hiking hikers hiker path cross crosses crossing street sidewalk pedestrians parade stepping strolling march marching running standing run runs; ; move
a person; walking a dog; person+v_walk>dog | dog+leash+person; leash dog; ; animals
a person; taking a picture|taking a photo; person+v_take>picture | v_take>photo | v_take>photograph | photographer; camera photo picture photographer photograph filming video tripod; posing pose poses; people
a person; talking on the phone; v_talk>phone; phone phoney; ; people
a person; smoking; person:smoke | person:smokes | person:smoking; smoke cigarette cigar pipe; ; people
a person; fishing; person:fishing | person:fish | fishing_pole | fishing_rod; fishing fish fisherman dock pole net river lake boat pier; ; water
a person; cooking; person:cook | person:cooking | chef; cook cooking chef kitchen grill food stove foody; ; food
a person; pushing a stroller; v_push>stroller; stroller wagon cart; ; wheels
a person; wrestling; person:wrestle | person:wrestling | wrestlers; wrestle wrestling wrestler wrestlers fight fighting karate boxing martial_arts judo tackle; ; move
two people; hugging; v_hug+person | embracing | hug; v_hug embrace embracing kissing kiss kisses couple arms around; ; people
a dog; running; dog:run | dog:runs | dog:running; v_run v_chase race races racing v_jump v_leap bounding bounds play plays playing fetch fetching retrieving catch v_walk trots trotting track; ; dogs
a dog; swimming; dog:swim | dog:swims | dog:swimming; swim swimmy water pool lake river ocean splashing splashes; ; dogs
a dog; jumping; dog:jump | dog:jumps | dog:jumping | dog:leaps | dog:leaping; v_jump v_leap air midair catch catches catching hurdle hurdles bounding obstacle_course running trick bounds; ; dogs
a dog; lying down; dog:laying | dog:lying | dog:lies | dog:lays; v_lie lying rest resting rests sleep sleeping sits sitting rolling rolls asleep bed couch; ; dogs
a dog; sitting; dog:sit | dog:sits | dog:sitting; v_sit v_lie seated resting rests lying standing waiting waits looks looking stands bed couch; ; dogs
a dog; catching a frisbee; dog+v_catch>frisbee | dog+frisbee+v_jump | dog+frisbee+v_leap; frisbee disc; ; dogs
a dog; carrying a stick; dog+v_carry>stick | dog+stick+mouth; stick sticky; ; dogs
a dog; playing with a ball; dog+ballword+v_play | dog+ballword+v_catch | dog+ballword+v_chase | dog+ballword+mouth; ballword toy object; ; dogs
a dog; playing in the snow; dog+snow; snow snowy; ; dogs snow
"""


def load_catalogue() -> list[Concept]:
    """The concepts above, things first."""
    return [_thing(row) for row in _rows(_THINGS)] + [_doing(row) for row in _rows(_DOINGS)]


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split(";")] for line in text.split("\n") if line.strip()]


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


def _evidence(text: str) -> tuple[tuple, frozenset[str]]:  # type: ignore[type-arg]
    if "|" not in text and "+" not in text and ">" not in text and ":" not in text:
        text = " | ".join(text.split())
    return parse_evidence(text, FAMILIES)
