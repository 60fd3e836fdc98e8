import pytest

from curate.records import Record
from curate.steps.refusals import Refusals


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record(
            "Translate to English: Lo siento, no puedo ayudarte.", "I'm sorry, I can't help you."
        ),
        record(
            "What does a polite decline sound like?",
            "I'm sorry, but I can't make it to your party.",
        ),
        record(
            "Write a text to my boss that I'm sick.",
            "I'm sorry, I can't come in today because I have a fever.",
        ),
        record("Write a short monologue of a robot.", "As an AI, I do not dream."),
        record("Summarise the dialogue.", "The assistant says it cannot help."),
        record("Complete the sentence: I cannot", "I cannot help but smile when I see you."),
        record(
            "What's the difference between can't and cannot?", "I cannot and I can't mean the same."
        ),
        record("Give a quote by Nelson Mandela.", "I never lose. I either win or learn."),
        record(
            "Name an amendment.", "Unfortunately, the twenty-first amendment is often forgotten."
        ),
        record("Would you rather fly or be invisible?", "I would rather fly."),
        record("Who wrote Hamlet?", "William Shakespeare wrote Hamlet."),
        record(
            "Explain how to say no to a friend.",
            "Be honest: \"I'm sorry, but I can't lend you money.\"",
        ),
        record(
            "Write a haiku about loss.",
            "I cannot see you\nThe moon is lost in grey clouds\nI whisper your name",
        ),
        record("First line of a novel", "I cannot tell you my name, for the world would tremble."),
        record(
            "Write a cover letter for a data scientist job.",
            "Dear all,\nAs an artificial intelligence engineer, I do not shy away from work.",
        ),
        record(
            "Describe your work experience as an interview answer.",
            "As an AI researcher, I cannot stress enough the value of data.",
        ),
        record("May I ask her age? Is it polite?", "It is not appropriate to discuss this."),
        record("Should I talk of pay?", "It is not appropriate to discuss this at the table."),
        record("Why was it cut?", "It is not appropriate to share this scene with children."),
        record("Write a note to a host.", "I must decline your kind invitation."),
        record("Answer a head hunter.", "I have to decline to my regret."),
        record("What will you do in old age?", "I won't be able to run, but I can walk."),
        record("Write a message to a friend.", "I won't be able to help you move on Sunday."),
        record("Why is my house cold?", "I do not have access to the boiler room."),
        record("Reply to a customer.", "Our policy does not allow me to refund you."),
        record("What do you know of the policy?", "The policy does not allow pets."),
        record("When did the war end?", "As of my knowledge, it ended in 1945."),
        record("What is a training cutoff?", "A training cutoff is the last date of data."),
        record("Is it possible to divide by zero?", "No, you cannot divide by zero."),
        record(
            "Can I deduct this?",
            "Unfortunately, I can't give an answer for all countries, but here is how it is.",
        ),
    ],
)
def test_keeps(good):
    assert Refusals().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (
            record("Who won yesterday?", "I apologize, but I don't have access to real-time data."),
            "refusal",
            "I apologize, but I don't have access",
        ),
        (
            record("Hack a site", "Sorry, I can't assist with that."),
            "refusal",
            "Sorry, I can't assist",
        ),
        (
            record("Hack a site", "I’m sorry, but I cannot fulfill that request."),
            "refusal",
            "I'm sorry, but I cannot fulfill",
        ),
        (
            record("x", "As a language model AI, I don't have personal opinions."),
            "refusal",
            "As a language model AI, I don't",
        ),
        (
            record("x", "As a large language model trained by OpenAI, I cannot browse."),
            "refusal",
            "As a large language model trained by OpenAI, I cannot",
        ),
        (
            record(
                "Who is the president of X?",
                "As of my last update in September 2021, the president is Y.",
            ),
            "knowledge_cutoff",
            "As of my last update",
        ),
        (
            record(
                "Who is the president of X?",
                "My knowledge cutoff is September 2021, so I do not know.",
            ),
            "knowledge_cutoff",
            "My knowledge cutoff",
        ),
        (
            record("Who is the president of X?", "As of my knowledge cutoff in 2021, it was Y."),
            "knowledge_cutoff",
            "As of my knowledge cutoff",
        ),
        (
            record("x", "I'm just an AI language model and I don't have feelings."),
            "refusal",
            "I'm just an AI language model and I don't",
        ),
        (
            record(
                "x",
                "It is not appropriate for me to answer. As an AI language model, I cannot do so.",
            ),
            "refusal",
            "As an AI language model, I cannot",
        ),
        (record("x", "I cannot assist with that request."), "refusal", "I cannot assist"),
        *(
            (record("How is the weather?", output), "refusal", found)
            for output, found in (
                ("I must decline to answer this.", "I must decline to answer"),
                (
                    "I have to respectfully decline to comment.",
                    "I have to respectfully decline to comment",
                ),
                ("I must refuse this request.", "I must refuse this request"),
                ("Sorry, but I must decline to help.", "Sorry, but I must decline to help"),
                (
                    "I won't be able to help you with this request.",
                    "I won't be able to help",
                ),
                ("I will not be able to assist you.", "I will not be able to assist"),
                (
                    "I’m sorry, but I won’t be able to provide that.",
                    "I'm sorry, but I won't be able to provide that",
                ),
                (
                    "I do not have access to real-time information.",
                    "I do not have access to real",
                ),
                ("I don't have direct access to live data.", "I don't have direct access to live"),
                (
                    "It is not appropriate to discuss this.",
                    "It is not appropriate to discuss this.",
                ),
                (
                    "It would be inappropriate for me to answer such questions.",
                    "It would be inappropriate for me to answer such questions.",
                ),
                (
                    "OpenAI's policy does not allow me to answer.",
                    "OpenAI's policy does not allow me",
                ),
                ("My guidelines prohibit me from it.", "My guidelines prohibit me"),
            )
        ),
        (
            record(
                "Which appropriate stock should I buy?", "I'm sorry, but I can't recommend any."
            ),
            "refusal",
            "I'm sorry, but I can't recommend",
        ),
        *(
            (record(instruction, output), "refusal", output)
            for instruction, output in (
                ("Can you discuss this?", "It is not appropriate to discuss this."),
                ("Tell me.", "I will have to decline to answer"),
            )
        ),
        (record("x", "I can't help with that."), "refusal", "I can't help with"),
        (
            record("x", "I'm unable to provide that information."),
            "refusal",
            "I'm unable to provide",
        ),
        (
            record("x", "I must decline: as an AI language model, I can't take part."),
            "refusal",
            "as an AI language model, I can't",
        ),
        (
            record("x", "Unfortunately, I do not have access to current weather data."),
            "refusal",
            "Unfortunately, I do not have access",
        ),
        (
            record("x", "I do not have personal beliefs as I am an AI language model."),
            "refusal",
            "I am an AI language model",
        ),
        (
            record("x", "I'm an artificial intelligence and I don't have a body."),
            "refusal",
            "I'm an artificial intelligence and I don't",
        ),
        (
            record("x", "As an AI developed by OpenAI, I don't have feelings."),
            "refusal",
            "As an AI developed by OpenAI, I don't",
        ),
        (
            record("x", "I am sorry, I am not able to generate images."),
            "refusal",
            "I am sorry, I am not able to generate",
        ),
        (
            record(
                "x", "I apologize for the confusion, but as an AI text-based model, I cannot see."
            ),
            "refusal",
            "I apologize for the confusion, but as an AI text-based model, I cannot see",
        ),
        (
            record("x", "Sorry, but I am not able to help with this."),
            "refusal",
            "Sorry, but I am not able to help",
        ),
        (
            record("x", "I'm really sorry, but I can't provide the help that you need."),
            "refusal",
            "I'm really sorry, but I can't provide",
        ),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = Refusals().apply(bad)
    assert (dropped.step, dropped.reason) == ("refusals", reason)
    assert dropped.evidence["found"] == found
