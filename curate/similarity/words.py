"""Words that decide whether two texts say the same, words that do not, and their spelling."""

__all__ = ["ALTERNATIVES", "FILLING", "NEGATIONS", "NUMERALS", "SPELLINGS"]

# As the tokens are: lower case, without apostrophes.
NUMERALS = frozenset(
    "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion trillion dozen half twice thrice double triple".split()
)
NEGATIONS = frozenset(
    "not no never none nor neither without aint nobody nothing "
    "nowhere except exclude excluding unless "
    "nicht kein keine keinen keinem keiner nie ohne pas jamais sans sin nunca ningún não sem "
    "не ни нет без никогда нельзя لا لم لن ليس ليست बिना नहीं मत 不 没 沒 無 无 非 未".split()
)
# Without these two questions can still be told apart.
FILLING = frozenset(
    "a an the this that these those it its is are was were be been being am do does did doing "
    "have has had having of in on at to for from by with as and or but if so then than there here "
    "i you he she we they me him her us them my your his our their can could will would shall "
    "should may might must please kindly just also very "
    "hi hello hey thanks thank some any each such let help task question answer following given "
    "below above tell give write provide".split()
)

# How a word is usually written, and contractions in full. "It's" is "its" without its apostrophe.
SPELLINGS = dict(
    pair.split("=")
    for pair in (
        "dont=do not,doesnt=does not,didnt=did not,isnt=is not,arent=are not,wasnt=was not,"
        "werent=were not,cant=can not,cannot=can not,wont=will not,couldnt=could not,"
        "wouldnt=would not,shouldnt=should not,hasnt=has not,havent=have not,hadnt=had not,"
        "mustnt=must not,neednt=need not,its=it is,thats=that is,whats=what is,theres=there is,"
        "heres=here is,wheres=where is,whos=who is,hows=how is,hes=he is,shes=she is,im=i am,"
        "youre=you are,theyre=they are,ive=i have,youve=you have,weve=we have,theyve=they have,"
        "youll=you will,theyll=they will,itll=it will,youd=you would,theyd=they would,lets=let us,"
        "colour=color,colours=colors,coloured=colored,favourite=favorite,favour=favor,"
        "centre=center,centres=centers,organise=organize,organised=organized,"
        "organisation=organization,organisations=organizations,organising=organizing,"
        "recognise=recognize,recognised=recognized,realise=realize,realised=realized,"
        "analyse=analyze,analysed=analyzed,analysing=analyzing,behaviour=behavior,"
        "behaviours=behaviors,neighbour=neighbor,neighbours=neighbors,travelled=traveled,"
        "travelling=traveling,traveller=traveler,labour=labor,honour=honor,flavour=flavor,"
        "flavours=flavors,humour=humor,summarise=summarize,summarised=summarized,"
        "optimise=optimize,optimised=optimized,programme=program,programmes=programs,grey=gray,"
        "theatre=theater,metre=meter,metres=meters,kilometre=kilometer,kilometres=kilometers,"
        "centimetres=centimeters,litre=liter,litres=liters,licence=license,defence=defense,"
        "customise=customize,minimise=minimize,maximise=maximize,utilise=utilize,"
        "categorise=categorize,catalogue=catalog,initialise=initialize,initialised=initialized,"
        "specialised=specialized,cancelled=canceled,modelling=modeling,emphasise=emphasize,"
        "apologise=apologize,memorise=memorize,visualise=visualize,prioritise=prioritize"
    ).split(",")
)
# Words of which one in the place of another says something else; "/" joins those that say the same.
ALTERNATIVES = tuple(
    group.strip()
    for group in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen "
        "fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
        "seventy eighty ninety hundred thousand million billion trillion dozen, first third "
        "fourth fifth sixth seventh eighth ninth tenth last, once twice thrice, double triple "
        "half, january february march april june july august september october november "
        "december, monday tuesday wednesday thursday friday saturday sunday, "
        "km/kilometer/kilometers mile/miles m/meter/meters foot/feet "
        "cm/centimeter/centimeters inch/inches mm/millimeters yard/yards, "
        "kg/kilogram/kilograms lb/lbs/pound/pounds g/gram/grams ounce/ounces/oz ton/tons, "
        "second/seconds minute/minutes hour/hours day/days week/weeks month/months year/years "
        "decade/decades century/centuries, celsius fahrenheit kelvin, dollar/dollars "
        "euro/euros cent/cents yen rupee/rupees, liter/liters gallon/gallons milliliters "
        "cup/cups teaspoon/teaspoons tablespoon/tablespoons, who/whom what/which when where "
        "why how whose, all/every some none any/each both neither few many, always never "
        "often/frequently sometimes rarely/seldom hardly, more less fewer, most least, and "
        "or, with without, before after, increase decrease, increases decreases, increased "
        "decreased, increasing decreasing, minimum/min maximum/max, minimize maximize, left "
        "right, true false, yes no, ascending/asc descending/desc, encode decode, encrypt "
        "decrypt, hot cold warm cool, largest/biggest smallest, highest lowest, higher/upper "
        "lower, greater larger/bigger smaller, longest shortest, longer shorter, best worst, "
        "better worse, good bad, correct wrong/incorrect, positive negative neutral, "
        "start/begin end/finish, open close, buy sell, old new young, early late, earlier "
        "later, fast slow, faster slower, high low, large/big small, long short, up down, "
        "above below, over under, inside outside, male female, men women, man woman, boy "
        "girl, husband wife, mother father, son daughter, brother sister, king queen, import "
        "export, push pull pop, add/append remove/delete, win lose, won lost, accept reject, "
        "love hate, advantages/pros disadvantages/cons, advantage disadvantage, strengths "
        "weaknesses, similarities differences, cause effect, formal informal, active passive, "
        "singular plural, even odd, horizontal vertical, uppercase lowercase, morning "
        "afternoon evening/night, summer winter spring autumn, north south east west, front "
        "back, success failure, safe dangerous unsafe, easy/simple difficult/hard, rich poor, "
        "strong weak, light dark, wet dry, row column, rows columns, prefix suffix, past "
        "present future, include exclude, including excluding, agree disagree, like dislike, "
        "possible impossible, likely unlikely, able unable, usual unusual, happy unhappy sad, "
        "common uncommon rare, known unknown, healthy unhealthy, fair unfair, important "
        "unimportant, familiar unfamiliar, clear unclear, equal unequal, necessary "
        "unnecessary, certain uncertain, successful unsuccessful, employed unemployed, "
        "expected unexpected, accurate inaccurate, direct indirect, complete incomplete, "
        "dependent independent, valid invalid, efficient inefficient, appropriate "
        "inappropriate, visible invisible, patient impatient, perfect imperfect, polite "
        "impolite, regular irregular, relevant irrelevant, responsible irresponsible, legal "
        "illegal, logical illogical, honest dishonest, appear disappear, connect disconnect, "
        "approve disapprove, python java javascript/js ruby perl php rust golang kotlin swift "
        "c typescript html css xml sql json yaml, english french german spanish italian "
        "chinese japanese russian arabic portuguese korean hindi dutch latin greek turkish "
        "polish, red blue green yellow black white orange purple pink brown gray, apple "
        "banana pear peach, dog cat horse cow, dogs cats horses cows, sugar salt pepper, "
        "entailment contradiction, sports business politics science technology entertainment, "
        "summarize/summary/sum/shorten/condense translate/translation proofread "
        "paraphrase/rephrase/reword/rewrite classify/categorize continue rate simplify "
        "explain expand edit, "
        "他 她 它, 大 小, 多 少, 上 下 左 右, 前 后, 好 坏, 男 女, 英 日 中 法 德 俄, "
        "一 二 三 四 五 六 七 八 九 十, 父 母 子, 谁 哪 何, "
        "ein kein, eine keine, einen keinen, einem keinem, mehr weniger, "
        "vor nach, больше меньше, до после, plus moins, avant après, más menos, "
        "antes después"
    ).split(",")
)
