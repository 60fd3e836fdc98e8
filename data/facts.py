"""The tables of the tiny world: its facts, and how each is asked, answered and said."""

OPPOSITES = """hot cold|big small|fast slow|up down|left right|happy sad|day night|wet dry
hard soft|old new|open closed|rich poor|bright dark|full empty|early late|loud quiet|near far
clean dirty|strong weak|high low|tall short|thick thin|wide narrow|heavy light|sweet bitter
true false|win lose|push pull|in out|first last|good bad|safe dangerous|brave afraid|sharp blunt
smooth rough|deep shallow|inside outside|begin end|buy sell|give take|love hate|always never
top bottom|front back"""
PLURALS = """cat cats|dog dogs|box boxes|child children|man men|woman women|mouse mice|foot feet
tooth teeth|leaf leaves|city cities|baby babies|fox foxes|bus buses|knife knives|goose geese
car cars|tree trees|book books|wolf wolves|story stories|dish dishes|sheep sheep|apple apples
bird birds|lady ladies|wife wives|glass glasses|potato potatoes|tomato tomatoes|shelf shelves
hat hats|king kings|watch watches|fly flies|ox oxen|half halves|berry berries|fish fish|egg eggs"""
PASTS = """go went|see saw|eat ate|run ran|take took|give gave|come came|write wrote|sing sang
drink drank|swim swam|buy bought|bring brought|think thought|catch caught|teach taught
sleep slept|keep kept|feel felt|leave left|make made|have had|say said|tell told|find found
stand stood|know knew|grow grew|fly flew|draw drew|break broke|speak spoke|drive drove|ride rode
win won|lose lost|send sent|build built|walk walked|play played|jump jumped|help helped
look looked|fall fell|begin began|hide hid"""
COLOURS = """sky blue|grass green|snow white|coal black|sun yellow|blood red|banana yellow
moss green|tomato red|leaf green|milk white|night black|carrot orange|sea blue|cherry red
lemon yellow|cloud white|plum purple|grape purple|rose red|pumpkin orange|chocolate brown
mud brown|salt white|frog green|raven black|fire red|ink blue|butter yellow|wood brown|pig pink
elephant grey|stone grey|lavender purple|flamingo pink|fox orange"""
CAPITALS = """France Paris|Spain Madrid|Italy Rome|Germany Berlin|England London|Greece Athens
Japan Tokyo|China Beijing|Egypt Cairo|Russia Moscow|Norway Oslo|Sweden Stockholm|Poland Warsaw
Portugal Lisbon|Austria Vienna|Ireland Dublin|Finland Helsinki|Denmark Copenhagen|Cuba Havana
Peru Lima|Kenya Nairobi|Canada Ottawa|Hungary Budapest|Belgium Brussels"""
MATERIALS = """window glass|tyre rubber|shirt cotton|ring gold|table wood|brick clay|nail iron
candle wax|book paper|coin silver|shoe leather|bottle plastic|rope hemp|jumper wool|bell bronze
wall stone|pan steel|pot copper|snowman snow|bread flour|tent canvas|igloo ice"""
JOBS = """bakes bread:baker|grows corn:farmer|catches fish:fisher|flies a plane:pilot
cuts hair:barber|heals people:doctor|teaches children:teacher|drives a bus:driver
paints pictures:painter|builds houses:builder|sings songs:singer|writes books:writer
puts out fires:fireman|sews clothes:tailor|plants flowers:gardener|brings letters:postman
cooks meals:cook|mends cars:mechanic|sells meat:butcher|guards the king:soldier
repairs teeth:dentist"""
KINDS = """fruit apple banana cherry lemon plum grape pear peach
flower rose tulip daisy lily violet|tool hammer saw drill spade rake
vehicle car bus train bike truck boat plane|tree oak pine birch elm
vegetable carrot onion potato cabbage|toy ball kite doll|bird duck owl crow robin hen
insect ant wasp beetle moth|fish shark salmon trout|instrument drum violin flute piano
drink tea coffee juice|garment hat coat sock glove"""
# name, sound, home, legs, young, food; a dash where the world holds no fact
ANIMALS = """cat meow house four kitten fish|dog woof kennel four puppy meat
cow moo farm four calf grass|pig oink sty four piglet corn|duck quack pond two duckling bread
frog croak swamp four tadpole flies|lion roar savanna four cub meat
owl hoot forest two owlet mice|bee buzz hive six - nectar|hen cluck coop two chick grain
horse neigh stable four foal hay|sheep baa meadow four lamb grass
goat bleat mountain four kid leaves|crow caw field two - worms|mouse squeak hole four - cheese
snake hiss desert zero - eggs|bear growl cave four cub honey|wolf howl forest four pup meat
ant - hill six - sugar|robin chirp garden two - seeds|elephant trumpet jungle four calf leaves
whale - ocean zero calf plankton|rabbit - burrow four bunny carrots
kangaroo - bush two joey grass|swan - lake two cygnet weeds|goose honk river two gosling grain
deer - wood four fawn bark|eagle screech cliff two eaglet rabbits|spider - web eight - flies
donkey bray barn four - hay|penguin - ice two - fish|shark - sea zero - fish
beetle - log six - leaves|parrot squawk cage two - nuts"""
SIZES = "ant bee mouse crow cat dog goat lion horse elephant whale".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November
December""".split()
NUMBERS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen twenty""".split()
NAMES = "Tom Anna Ben Mia Sam Lily Max Eva Leo Nora".split()
THINGS = "ball book hat cup box kite bell coin lamp drum".split()
HUES = "red blue green white black yellow orange purple".split()
PLACES = "park house garden school shop barn forest kitchen".split()

# A paragraph a task: its name, "=" the one answer, "?" ways to ask, "-" other ways to say it.
# {x} {z} what is asked about, {y} the answer, {w} the other choice; {ax} with article, {Ax} with
# a capital article, {X} with a capital letter.
PHRASES = """
opposite
= The opposite of {x} is {y}.
? What is the opposite of {x}?
? Give the opposite of the word {x}.
? Which word means the opposite of {x}?
? Name the opposite of {x}.
- {X} and {y} are opposites.
- Not {x} but {y}: these words are opposites.

plural
= The plural of {x} is {y}.
? What is the plural of {x}?
? Write the plural of {x}.
? Give the plural form of the word {x}.
- One {x}, two {y}.
- Here is one {x}, there are many {y}.

past
= The past tense of {x} is {y}.
? What is the past tense of {x}?
? Write the past tense of {x}.
? Put the verb {x} into the past tense.
- Today they {x}, yesterday they {y}.

letter
= The word {x} starts with the letter {y}.
? Which letter does the word {x} start with?
? Give the first letter of the word {x}.
? What is the first letter of {x}?
- The letter {y} is the first of the word {x}.

kind
= {Ax} is {ay}.
? What kind of thing is {ax}?
? Say what kind of thing {ax} is.
- The {x} is a kind of {y}.
- If you have {ax}, you have {ay}.

sound
= The {x} says {y}.
? What does the {x} say?
? Which sound does {ax} make?
? Tell me the sound of the {x}.
- You can hear the {x}: {y}!

home
= {Ax} lives in the {y}.
? Where does {ax} live?
? Name the home of the {x}.
? In which place does {ax} live?
- In the {y} there is {ax}.
- The home of the {x} is the {y}.

legs
= {Ax} has {y} legs.
? How many legs does {ax} have?
? Count the legs of the {x}.
? Say how many legs {ax} has.
- The {x} walks on {y} legs.

young
= A young {x} is called {ay}.
? What is a young {x} called?
? How do you call a young {x}?
? Name the young of the {x}.
- The {x} has a little {y}.

food
= {Ax} eats {y}.
? What does {ax} eat?
? Name the food of the {x}.
? Which food does {ax} eat?
- The {x} is hungry and looks for {y}.
- The food of the {x}: {y}.

colour
= The {x} is {y}.
? What colour is the {x}?
? Tell me the colour of the {x}.
? Which colour does the {x} have?
- The colour of the {x} is {y}.
- Look at the {y} {x}.

material
= {Ax} is made of {y}.
? What is {ax} made of?
? Name the material of {ax}.
? Tell me what {ax} is made of.
- You need {y} to make {ax}.

capital
= The capital of {x} is {y}.
? What is the capital of {x}?
? Which city is the capital of {x}?
? Name the capital of {x}.
- {y} is the capital of {x}.
- People in {x} travel to {y}, the capital.

job
= The {y} {x}.
? Who {x}?
? Name the person who {x}.
- It is the {y} who {x}.
- Ask the {y}: the {y} {x}.

day_after
= After {x} comes {y}.
? Which day comes after {x}?
? What day follows {x}?
? Today is {x}. Which day comes next?
- Today is {x}, so tomorrow is {y}.

day_before
= Before {x} comes {y}.
? Which day comes before {x}?
? Name the day before {x}.
- Today is {x}, so yesterday was {y}.

month_after
= After {x} comes {y}.
? Which month comes after {x}?
? What month follows {x}?
? Name the month after {x}.
- {x} ends and {y} begins.

number_after
= After {x} comes {y}.
? Which number comes after {x}?
? Name the number after {x}.
- Count on: {x}, {y}.

number_before
= Before {x} comes {y}.
? Which number comes before {x}?
? Name the number before {x}.
- Count down: {x}, {y}.

add
= {X} plus {z} is {y}.
? What is {x} plus {z}?
? Add {x} and {z}.
? How much is {x} plus {z}?
? What is the sum of {x} and {z}?
- If you add {x} and {z}, you get {y}.
- The sum of {x} and {z} is {y}.

take
= {X} minus {z} is {y}.
? What is {x} minus {z}?
? Take {z} away from {x}.
? How much is {x} minus {z}?
- If you take {z} away from {x}, you get {y}.

bigger
= The {y} is bigger than the {w}.
? Which is bigger, the {x} or the {z}?
? Which animal is bigger: {x} or {z}?
? Say which is bigger, {ax} or {az}.
- The {w} is small next to the {y}.
"""
