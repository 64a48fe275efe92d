"""Families of words that mean one thing; concepts are written in their names.

``swim: swim swims swimming``. A line that is indented goes on with the one above. ``slide#n`` is
the word where it stands as a noun.
"""

from __future__ import annotations

from streamvid.training.turns import grammar, words

_TABLE = """
bicycle: bicycle bicycles bicyclist bicyclists cyclist cyclists bmx biking cycling mountain_bike
    mountain_biker mountain_bikers mountain_biking
bike: bike bikes bicycle bicycles biker bikers
motor: motorcycle motorcycles motorbike motorbikes motor_bike motor_cycle motorcyclist
    motorcyclists motocross dirt_bike dirt_bikes dirt_biker dirt_bikers dirtbike motorcycling
wheels: scooter moped atv quad unicycle tricycle rider riders racer racing handlebars
car: car cars automobile sedan convertible race_car racecar taxi cab race_cars minivan
vehicle: vehicle vehicles traffic van jeep suv truck parked parking_lot driving drives racetrack
    race_track driver toy_car parking street_scene
bus: bus buses
truck: truck trucks pickup lorry fire_truck
boat: boat boats canoe canoes kayak kayaks ship sailboat sailboats ferry rowboat yacht speedboat
    gondola fishing_boat raft rafts kayaker kayaking canoeing rafting rowing barge
boaty: sail sails sailing paddle paddling rowers harbor marina oar dock docked tube
train: train trains locomotive
rail_words: railroad tracks train_tracks station subway tram trolley train_station toy_train
plane: airplane airplanes plane planes jet jets aircraft biplane airliner jetliner air_plane
ballword: ball balls soccer_ball tennis_ball tennis_balls beach_ball football basketball
    volleyball softball baseball
ballgame: soccer tennis rugby cricket golf kick kicking kicks dribble dribbling goal pitcher
    juggling bowling sphere toy fetch
frisbee: frisbee frisbees
disc: disc disk toy object
skateboard: skateboard skateboards skateboarder skateboarders skateboarding skateboarded
    skate_board skate_boarder skate_boarding
skate: skate skates skater skaters skating board boards grind grinds grinding rail skatepark
    skate_park ramp halfpipe scooter skate_ramp
surf: surfboard surfboards surfer surfers surfing surfs surf_board
surfy: surf board boards wakeboard wakeboarder wakeboarding bodyboard boogie bodyboarder
    windsurfing parasailing wave waves wetsuit wet_suit paddle
snowboard: snowboard snowboards snowboarder snowboarders snowboarding snow_board snow_boarder
ski: ski skis skier skiers skiing skied ski_slope ski_lift
sled: sled sleds sledding sledge toboggan dog_sled
tube: tube innertube inner_tube tubing
swing: swing#n tire_swing rope_swing swing_set
swingword: swing swings swinging playground rope
slide: slide#n water_slide waterslide
slideword: slide slides sliding playground chute tube
guitar: guitar guitars guitarist guitarists
drum: drum drums drummer drummers drumming
musical: instrument instruments band musician musicians music violin banjo perform performing
    performs concert stage musical
basketball: basketball basketballs basketball_player basketball_players basketball_game
    basketball_court
hoopword: hoop dunk dunking dribble dribbling dribbles court
soccer: soccer soccer_ball soccer_player soccer_players soccer_game soccer_field
football: football footballs football_player football_players football_game football_team
    football_field footballer footballers quarterback
baseball: baseball baseball_player baseball_players baseball_game baseball_bat batter umpire
    baseball_field softball pitcher baseball_glove
racket: tennis_racket tennis_racquet racket rackets racquets tennis_player
tennis: tennis tennis_player tennis_racket tennis_court badminton
hockey: hockey hockey_player hockey_players hockey_game hockey_stick ice_hockey goalie
rugby: rugby rugby_player rugby_players
team_words: player players team teams game uniform uniforms jersey jerseys sport sports tackle
    tackled tackles match helmet helmets field
pool: pool pools swimming_pool
swim: swim swims swimming swam
swimmy: swimmer swimmers diver dive diving dives float floating floats wading wades paddling
    snorkel scuba underwater
beach: beach beaches seashore seaside
beachy: sand sandy shore shoreline ocean sea coast dune dunes waves tide surf seagulls surfer wave
snow: snow snowy snowball snowman snowboard snowboarder snowboarding snow_covered snow-covered
    snowbank snowmobile ski_slope
snowy: winter ice icy ski skis skier skiers skiing sled sledding blizzard frozen glacier slope
    cold
water: water river lake ocean sea pool swimming_pool pond stream creek waves wave rapids waterfall
watery: swim swims swimming swimmer boat boats beach shore wet rain puddle raft kayak canoe fish
    dock bath tub bathtub sprinkler hose splash splashes splashing splashed surf surfing surfer
    surfboard fountain coast diving island harbor marsh swamp underwater bay wakeboard wakeboarder
    water_slide bridge wading tide hot_tub water_skiing jet_ski pier snow mud muddy glass bottle
    drink drinking
ocean: ocean sea
river: river stream creek rapids
lake: lake pond
riverish: water kayak canoe raft rafting lake pond bridge shore canal kayaker bank
lakeish: water shore dock river ocean sea boat stream
oceanish: water wave waves surf surfer surfing beach lake shore coast boat river
waterfall: waterfall waterfalls
fountain: fountain fountains water_fountain
mountain: mountain mountains mountainside mountaintop peak
mountainish: hill hills hillside cliff cliffs rock rocks rocky ridge summit slope snowy ski skiing
    climber climbing hiker hiking canyon valley glacier
forest: forest woods woodland jungle wooded
foresty: tree trees leaves trail branches brush path log hiking hike
street: street streets road roads
streety: sidewalk city crosswalk intersection highway alley pavement paved asphalt driveway path
    car cars traffic dirt_road track racetrack curb corner town urban parking_lot parade bus road
    street dirt_path lane bike
playground: playground playgrounds
playgroundish: slide slides swing swings jungle park monkey_bars bars play_area equipment climbing
    gym
kitchen: kitchen
kitchenish: stove oven refrigerator fridge counter cooking cook cooks sink microwave dishes
    cabinets chef food pan pot baking bowl restaurant
bathroom: bathroom restroom
bathroomish: toilet shower tub bathtub sink mirror bath urinal tile
bed: bed beds
beddy: bedroom sleeping sleep sleeps hotel pillow blanket mattress lying crib couch sofa cot lays
    laying lies hospital
sofa: couch sofa couches sofas loveseat
seaty: chair chairs seat armchair living_room sitting sits bed recliner sit bench
bench: bench benches
benchy: seat seats sit sits sitting seated chair chairs picnic_table bleachers table
tv: tv television televisions screen monitor
computer: laptop laptops computer computers computer_screen keyboard monitor
computery: screen desk mouse office typing device tv television
phone: phone cell_phone cell_phones mobile_phone telephone phones smartphone cell
phoney: talking device call texting camera hand
umbrella: umbrella umbrellas parasol
tent: tent tents
canopy: canopy camping camp tarp booth umbrella shelter awning market festival
trampoline: trampoline trampolines
bounce: bouncy_castle bounce_house inflatable bouncing bounce bounces jumping_castle net
kite: kite kites
kitey: parachute balloon parasail parasailing parachuting string glider sail
pizza: pizza pizzas
cake: cake cakes birthday_cake cupcake cupcakes dessert pastry donut
fruit: banana bananas apple apples fruit fruits strawberries grapes
food: food meal pizza sandwich cake fruit vegetables bread eat eating eats plate plates lunch
    dinner breakfast banana bananas broccoli hot_dog hot_dogs ice_cream snack meat candy donut
    donuts salad rice noodles cookie cookies chips sandwiches corn hamburger soup carrots apple
    apples
foody: restaurant cafe kitchen table bowl market picnic cooking cook bone mouth grill feeding
    grazing treat drink drinking licking chewing counter tray carton dishes
wheelchair: wheelchair wheelchairs
stroller: stroller strollers carriage pram
statue: statue statues sculpture sculptures monument
statuey: figure carving art memorial fountain
balloon: balloon balloons
bubble: bubble bubbles
flag: flag flags
flaggy: banner banners parade
bridge: bridge bridges
bridgey: walkway pier overpass boardwalk dock railing
stairs: stairs staircase stair stairway steps#n stairwell
stairsy: steps step railing handrail rail escalator ladder porch
ladder: ladder ladders
instrument: guitar guitars guitarist violin drum drums saxophone trumpet flute piano accordion
    banjo cello instrument instruments tuba trombone
microphone: microphone microphones
micy: sing singing sings singer karaoke band stage performing speaker concert
clock: clock clocks
clocky: tower watch time meter
toilet: toilet toilets urinal
fridge: refrigerator fridge
hydrant: hydrant fire_hydrant
trafficlight: traffic_light traffic_lights traffic_signal
teddy: teddy_bear teddy_bears stuffed_animal stuffed_animals teddy
fire: fire bonfire campfire flames
fireish: fireplace torch fireworks burning burns smoke flame grill fire_place candle candles
    flaming
sunset: sunset sunrise
sunsety: dusk dawn silhouette sun evening silhouetted orange
book: book books
booky: reading reads read newspaper magazine library paper writing bookshelf
horse_words: horse horses pony ponies bronco bronc jockey jockeys rodeo equestrian polo stallion
    mare carriage cowboy cowboys saddle donkey mule bull
animalword: animal animals pet pets creature
young: young teen teens teenage teenager teenagers
body: arm arms hand hands leg legs foot feet finger fingers hair beard
stick: stick sticks branch branches
sticky: log twig wood pole bone object mouth limb bat hockey_stick
rope: rope ropes
ropey: leash climbing climber climbs harness string tug_war line cord swing
rockclimb: rock_climber rock_climbers rock_climbing rock_climbs
rockface: rock rocks cliff cliffs rock_wall rock_face mountain climbing_wall wall mountainside
    boulder
wallclimb: climber climbers rappelling rappels scaling scales
crowd: crowd crowds audience spectators crowded
many: people group many several men women children kids team teams busy parade players family fans
    onlookers adults market bystanders gathered gather
"""


def joined_lines(table: str) -> list[str]:
    """The rows of a table in which indented lines go on with the row above."""
    rows: list[str] = []
    for line in table.splitlines():
        if line.startswith(" ") and rows:
            rows[-1] += " " + line.strip()
        elif line.strip():
            rows.append(line.strip())
    return rows


def _verb_forms(verb: str) -> frozenset[str]:
    third = verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return frozenset({verb, third, grammar.ing_form(verb)})


def _build() -> dict[str, frozenset[str]]:
    families = {
        name: frozenset(text.split())
        for name, text in (row.split(":", 1) for row in joined_lines(_TABLE))
    }
    families.update(
        man=words.PERSON_MALE,
        woman=words.PERSON_FEMALE,
        boy=words.BOYS,
        girl=words.GIRLS,
        baby=words.BABIES,
        child=words.CHILD_ANY | words.BOYS | words.GIRLS,
        childany=words.CHILD_ANY,
        neutral=words.PERSON_NEUTRAL,
        person=words.PERSON,
        animal=words.ANIMAL_WORDS - families["animalword"],
        **words.ANIMALS,
    )
    for verb in words.ACTIONS:
        families["v_" + verb] = _verb_forms(verb)
    families["v_lie"] |= families["v_lay"]
    families["v_watch"] |= families["v_look"]
    return families


FAMILIES: dict[str, frozenset[str]] = _build()
"""Family name → its words. ``v_ride`` and the like are the forms of a verb."""
