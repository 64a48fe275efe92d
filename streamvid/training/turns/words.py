"""Closed word lists that reading rests on. Lower case, compounds joined (``pool_table``)."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of ``text`` as a set."""
    return frozenset(text.split())


def _ordered(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Two words that mean one thing; read as one token so that "swimming pool" is no swimming.
COMPOUNDS = {
    tuple(pair.split("_")): pair
    for pair in _ordered("""
    swimming_pool swimming_trunks swim_trunks swimming_suit bathing_suit bathing_suits swim_suit
    shopping_cart shopping_bag shopping_bags parking_lot parking_meter parking_garage fishing_pole
    fishing_rod fishing_boat soccer_ball tennis_ball tennis_balls tennis_racket tennis_racquet
    tennis_court basketball_court basketball_hoop basketball_game basketball_player
    basketball_players football_player football_players football_game football_field
    football_team soccer_player soccer_players soccer_game soccer_field soccer_goal tennis_player
    baseball_player baseball_players baseball_game baseball_field baseball_bat baseball_glove
    hockey_player hockey_players hockey_game hockey_stick rugby_player rugby_players volleyball_net
    hot_dog hot_dogs hot_tub teddy_bear teddy_bears stuffed_animal stuffed_animals
    motor_bike motor_cycle dirt_bike dirt_bikes dirt_bikers dirt_biker dirt_road dirt_path
    mountain_bike mountain_biker mountain_bikers mountain_biking ski_lift ski_slope ski_jump
    race_car race_track race_cars dog_show dog_track dog_race ferris_wheel fire_hydrant
    fire_truck fire_engine fire_hose traffic_light traffic_lights traffic_signal stop_sign
    street_sign street_light roller_coaster roller_skates roller_skating ice_cream ice_skating
    ice_skater ice_skaters ice_rink ice_hockey ice_skates cell_phone cell_phones mobile_phone
    living_room dining_room dining_table tank_top tank_tops t_shirt tee_shirt life_jacket
    life_jackets life_vest life_vests beach_ball toy_car toy_truck toy_train bounce_house
    bouncy_castle playing_cards picnic_table pool_table coffee_table hula_hoop hula_hoops
    air_plane rock_wall rock_climber rock_climbers rock_climbing rock_climbs rock_face
    climbing_wall boxing_ring wedding_dress water_slide water_fountain water_gun
    water_skier water_skiing water_skis jet_ski jet_skis wake_board obstacle_course swing_set
    tire_swing rope_swing picnic_blanket lawn_chair lawn_mower high_chair chain_link
    police_officer police_officers police_car santa_claus cowboy_hat baseball_cap hard_hat
    winter_coat leather_jacket rain_coat wet_suit space_heater fire_place fire_works
    birthday_cake wine_glass wine_glasses wine_bottle remote_control computer_screen video_game
    video_games inner_tube dog_sled merry_go snow_board snow_boarder snow_covered skate_board
    skate_boarder skate_boarding skate_park skate_ramp surf_board trash_can trash_bin
    garbage_bin garbage_bag train_station train_tracks bus_stop subway_station garden_hose
    tug_war martial_arts
    """)
}

COLOURS = _ordered("red blue green yellow white black brown orange pink purple gray tan")
COLOUR_SPELLINGS = {
    **{colour: colour for colour in COLOURS},
    "grey": "gray",
    "golden": "golden",
    "gold": "gold",
    "silver": "silver",
    "blond": "blond",
    "blonde": "blond",
    "beige": "beige",
    "maroon": "maroon",
    "turquoise": "turquoise",
    "teal": "teal",
    "cream": "cream",
}
# Colours that two people may call by each other's name: no ground for a "no".
_CLOSE = (
    word_set("brown tan golden gold beige orange blond cream yellow"),
    word_set("red orange pink maroon purple"),
    word_set("blue purple turquoise teal black"),
    word_set("white gray silver beige cream blond tan yellow"),
    word_set("black gray silver brown blue"),
    word_set("green turquoise teal yellow"),
)
CLOSE_COLOURS = {
    colour: frozenset().union(*(group for group in _CLOSE if colour in group), {colour})
    for colour in COLOUR_SPELLINGS.values()
}

DETERMINERS = word_set(
    "a an the his her its their this that one two three four five six seven eight nine ten "
    "several some many few both another each other any no every these those my"
)
NUMBERS = word_set("one two three four five six seven eight nine ten eleven twelve")
VAGUE_PLURALS = word_set(
    "several many some few multiple various numerous other others both another"
)

PREPOSITIONS = word_set(
    "in on at near by under through along across down over into behind beside with of from to off "
    "up around between against above onto towards toward past inside outside for during among "
    "beneath below underneath atop amongst amidst about without next front while as like alongside"
)
ADJECTIVES = word_set("""
    small large little big young old tall short long tiny huge giant fluffy furry hairy shaggy wet
    muddy dirty snowy grassy sandy rocky wooden metal plastic stone brick concrete striped plaid
    spotted checkered bright dark light colorful colored multicolored inflatable stuffed empty
    crowded busy blue-and-white shallow deep clear calm rough open narrow wide steep high low dry
    green-eyed brindle elderly older younger middle-aged shirtless barefoot happy smiling blonde
    blond bald bearded asian african black-haired brown-haired dark-haired blond-haired
    red-haired long-haired short-haired curly curly-haired pretty beautiful cute adult teenage
    male female american german heavy thin skinny fat lone single solo outdoor indoor public
    professional red-headed redheaded floral flowered hooded long-sleeved sleeveless denim leather
    knit fuzzy knitted silver shiny toy plain snow-covered snow_covered tree-lined paved dusty
    grass nearby frozen icy stormy crashing rushing running_water city public half
    """) | frozenset(COLOUR_SPELLINGS)

PERSON_MALE = word_set(
    "man men guy guys gentleman gentlemen male males groom father dad cowboy cowboys businessman "
    "fireman policeman fisherman men's man's fellow dude"
)
PERSON_FEMALE = word_set(
    "woman women lady ladies female females bride mother mom businesswoman gal"
)
BOYS = word_set("boy boys")
GIRLS = word_set("girl girls")
BABIES = word_set("baby babies infant infants newborn")
CHILD_ANY = word_set("child children kid kids toddler toddlers youngster youngsters youth youths")
PERSON_NEUTRAL = word_set("""
    person people persons someone somebody everyone player players rider riders surfer surfers skier
    skiers snowboarder snowboarders skateboarder skateboarders climber climbers hiker hikers biker
    bikers cyclist cyclists bicyclist bicyclists motorcyclist motorcyclists racer racers runner
    runners jogger joggers athlete athletes performer performers dancer dancers singer musician
    musicians worker workers driver passenger passengers spectator spectators audience crowd group
    team teams couple couples family families adult adults teen teens teenager teenagers tourist
    tourists student students friend friends wrestler wrestlers swimmer swimmers diver divers
    goalie pitcher batter catcher referee umpire officer officers soldier soldiers police
    cheerleader cheerleaders clown jockey jockeys photographer pedestrian pedestrians shopper
    shoppers customer customers chef cook vendor owner trainer footballer acrobat gymnast kayaker
    kayakers canoer rower rowers wakeboarder skater skaters rollerblader onlooker onlookers
    bystanders participants members human humans figure figures individual individuals folks patrons
    guests companion companions band skydiver parachuter guitarist drummer artist artists twins
    brother sister siblings parent parents waiter waitress nurse doctor teacher coach teammate
    teammates opponent quarterback skateboard_rider basketball_player basketball_players
    football_player football_players soccer_player soccer_players tennis_player hockey_player
    hockey_players baseball_player baseball_players rugby_player rugby_players mountain_biker
    mountain_bikers dirt_biker dirt_bikers rock_climber rock_climbers ice_skater ice_skaters
    police_officer police_officers santa_claus santa water_skier skate_boarder snow_boarder
    """)
PERSON = PERSON_MALE | PERSON_FEMALE | BOYS | GIRLS | BABIES | CHILD_ANY | PERSON_NEUTRAL

DOGS = word_set("""
    dog dogs puppy puppies doggy doggie pup pups retriever poodle collie terrier shepherd greyhound
    greyhounds labrador lab pitbull doberman dalmatian husky bulldog chihuahua beagle hound hounds
    rottweiler spaniel corgi dachshund mutt canine dane schnauzer dog's
    """)
ANIMALS = {
    "dog": DOGS,
    "cat": word_set("cat cats kitten kittens kitty cat's"),
    "horse": word_set("horse horses pony ponies bronco bronc stallion mare"),
    "bird": word_set(
        "bird birds duck ducks goose geese pigeon pigeons seagull seagulls gull gulls parrot "
        "parrots eagle hawk swan swans flamingo flamingos penguin penguins rooster chicken "
        "chickens owl heron ostrich peacock pelican crow"
    ),
    "cow": word_set("cow cows cattle bull bulls calf ox oxen"),
    "sheep": word_set("sheep lamb lambs"),
    "elephant": word_set("elephant elephants"),
    "giraffe": word_set("giraffe giraffes"),
    "zebra": word_set("zebra zebras"),
    "bear": word_set("bear bears"),
    "monkey": word_set("monkey monkeys"),
    "goat": word_set("goat goats"),
    "deer": word_set("deer"),
    "camel": word_set("camel camels"),
}
ANIMAL_WORDS = frozenset().union(*ANIMALS.values()) | word_set("animal animals pet pets")

# Plural nouns whose captions speak of several: "the man" is then no clear man.
PLURALS = word_set("""
    men women guys ladies gentlemen males females boys girls babies children kids toddlers people
    adults dogs puppies cats horses birds cows players couple group crowd team family friends twins
    teens teenagers greyhounds
    """)

# Base forms of actions that captions state; -ing and third person are derived from them.
ACTIONS = _ordered("""
    run play stand sit jump hold walk ride look climb smile carry swim pose watch race lay take fly
    chase eat hang perform talk make swing dance ski slide leap fight splash skateboard wait pull
    drink lean catch throw laugh fish read surf lie use drive fall bite skate kick hike hug push
    sleep snowboard blow shake dive smoke stare cross wrestle point rest kiss wave wade chew prepare
    roll paint reach balance grind move dig paddle hit give shoot put float lick sing pass travel
    write spin work kneel enjoy turn touch rollerblade bark train cut kayak help bike pet sniff
    practice fetch row jog bounce pick follow bend relax march retrieve speak crouch box tackle
    scale feed cook pour listen lead spray toss camp sled cry graze draw wakeboard flip open grab
    trot growl hide shovel crawl clean sell pitch lift stretch cheer juggle herd brush dribble
    serve peek squat participate drag tug water bowl block tumble step celebrate wear
    """)
# Third-person forms that are plural nouns more often than verbs.
NOT_VERBS = word_set(
    "swings slides waves trains bats rocks boxes bikes skis rows paints waters sleds bowls steps "
    "camps blocks brushes boats cooks points pets cuts travels"
)
IN_BODY = word_set("mouth teeth hand hands arm arms head face hair legs feet tongue tail ears")
