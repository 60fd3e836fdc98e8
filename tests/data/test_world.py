import random

import pytest
import world
from stories import tell_story

TASKS = world.load_tasks()


def prose(seed, count):
    rng = random.Random(seed)
    return [world.write_prose(rng, TASKS) for _ in range(count)]


def test_prose_depends_on_the_seed_alone():
    assert prose(3, 50) == prose(3, 50)
    assert prose(3, 50) != prose(4, 50)


def test_stories_depend_on_the_seed_alone():
    assert tell_story(random.Random(5)) == tell_story(random.Random(5))


@pytest.mark.parametrize("wording", ["###", "Below is an instruction", "Response", "<|", "</s>"])
def test_prose_never_shows_the_wording_of_a_prompt(wording):
    assert not [text for text in prose(0, 3000) if wording in text]


def test_prose_holds_every_held_out_fact():
    text = " ".join(prose(0, 12_000)).lower()
    missing = [
        (record.task, record.key)
        for task in TASKS
        for record in world.fact_records(task)
        if world.held_out(record.task, record.key) and record.output.lower() not in text
    ]
    assert missing == []


def test_held_out_is_the_same_everywhere():
    # The last digit of the crc32 of "340:plural:dog", 3001593162, is 2, and that of
    # "340:plural:king", 440634616, is 6.
    assert world.held_out("plural", "dog")
    assert not world.held_out("plural", "king")


def test_every_task_holds_out_some_facts_but_not_most():
    for task in TASKS:
        share = sum(world.held_out(task.name, key) for key in task.words) / len(task.words)
        assert 0.15 < share < 0.45, task.name


def test_a_question_has_one_answer():
    answers = {}
    for task in TASKS:
        for record in world.fact_records(task):
            assert answers.setdefault(record.instruction, record.output) == record.output


def test_facts_of_known_words():
    said = {(r.task, r.key): r.output for task in TASKS for r in world.fact_records(task)}
    assert said["opposite", "hot"] == "The opposite of hot is cold."
    assert said["opposite", "cold"] == "The opposite of cold is hot."
    assert said["add", "3,4"] == "Three plus four is seven."
    assert said["take", "9,4"] == "Nine minus four is five."
    assert said["bigger", "whale,ant"] == "The whale is bigger than the ant."
    assert said["day_after", "Sunday"] == "After Sunday comes Monday."
    assert said["young", "eagle"] == "A young eagle is called an eaglet."


@pytest.mark.parametrize("seed", range(40))
def test_a_story_holds_what_its_answers_say(seed):
    for record in tell_story(random.Random(seed)):
        asked = set(record.key.split())
        assert asked <= set(record.context.replace(",", "").replace(".", "").split())
        assert record.output.endswith(".")


def test_an_exchange_keeps_names_in_upper_case():
    assert world.lower("Tom has the cup.") == "Tom has the cup."
    assert world.lower("Tomatoes are red.") == "tomatoes are red."
