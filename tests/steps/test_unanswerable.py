import pytest

from curate.records import Record
from curate.steps.unanswerable import Unanswerable


def record(instruction, output, context="", **fields):
    return Record(id="a:1", instruction=instruction, output=output, context=context, **fields)


@pytest.mark.parametrize(
    "good",
    [
        record("Describe a painting by Monet.", "Water Lilies is..."),
        record("Write a caption for a photo of a sunset at the beach.", "Golden hour."),
        record("What is a photo?", "A picture."),
        record("Explain the picture of Dorian Gray.", "A novel."),
        record("What is the meaning of the painting The Scream?", "Anxiety."),
        record("Describe the image of the company in the 1990s.", "It was good."),
        record("How do I attach a file to an email?", "Click the clip."),
        record("Write a Python script to download https://example.com/a.zip", "import requests"),
        record("What is https://?", "A scheme."),
        record("Explain what this regex matches", "Digits.", "\\d+"),
        record("Summarise the following text.", "Ok.", "A text about video games and images."),
        record(
            "Describe what is in this picture",
            "A cat.",
            "The picture shows a cat on a mat, in words.",
        ),
        record("Describe the video game Pong.", "Two paddles."),
        record("How many images are in this album?", "12", "The album has 12 images."),
        record("What is the plot of the video?", "..", "Transcript: hello"),
        record(
            "Write a letter saying the documents were not attached",
            "Dear Sir, no document was attached to your mail.",
        ),
        record("What does 'you did not provide' mean?", "It means you did not give."),
        record(
            "Write an email asking for the missing file",
            "Dear Ann, you didn't attach the file to your last mail.",
        ),
        record("Explain the audio in Star Wars", "Ben Burtt..."),
        record("Describe the following image: a black cat asleep on a red sofa.", "A calm scene."),
        record("Explain what this picture means: a red circle with a white bar.", "No entry."),
        record("Describe the image below:\nA black cat sleeps on a red sofa.", "A calm scene."),
        record("Describe this image\nA black cat sleeps on a red sofa.", "A calm scene."),
        record("Look at this picture: a red circle with a white bar. What is it?", "No entry."),
        record("Give a title for this painting in words: three men in a boat", "The Crew"),
        record("What is a good name for this picture frame shop?", "Frame of Mind"),
        record("Describe this video game in one line.", "Two paddles and a ball."),
        record("Explain what this image editor does.", "It crops."),
        record(
            "What should a support bot say when no file was attached?",
            "No file was attached. Please provide the file so that I can help.",
        ),
        record("How do I answer if the link is missing?", "The link is missing from your mail."),
        record("What does a shop say about a forgotten attachment?", "You didn't attach the file."),
        record("Is this question complete? Where is the", "The question is incomplete."),
        record(
            "Tell me whether the prompt is incomplete: Name a", "Yes, the prompt is incomplete."
        ),
        record("When does it return 0?", "It returns 0 if the input is empty."),
        record("Why does it fail?", "Because the query is empty."),
        record("What is wrong: How are you", "The question is missing a question mark."),
        record("Why does it stop?", "It stops when the input is cut off."),
        record("Which fault has this sentence? Because it rained.", "The sentence is incomplete."),
        record("Are there pictures in the Quran?", "There are no pictures to be found in it."),
        record("Why is the form empty?", "There is no list to speak of."),
        record("How do I open report.pdf?", "Double-click it."),
        record("Read data.xlsx with Python", "import pandas"),
        record("Summarise report.pdf: sales rose by a tenth last year.", "They rose."),
        record("Review notes.docx", "Fine.", "The notes say that sales rose."),
        record("Explain what a.pdf.exe may be.", "A trap."),
        record("Open a bank account and list the steps.", "Go there."),
        record("What happened in the video 'Charlie bit my finger'?", "Charlie bites."),
    ],
)
def test_keeps(good):
    assert Unanswerable().apply(good) is good


@pytest.mark.parametrize(
    ("bad", "reason", "found"),
    [
        (record("Describe this image.", "A dog."), "needs_media", "Describe this image"),
        (record("What is in the picture?", "A dog."), "needs_media", "What is in the picture?"),
        (
            record("What do you see in this photo?", "A dog."),
            "needs_media",
            "What do you see in this photo",
        ),
        (
            record("Who is the person in the image?", "Obama"),
            "needs_media",
            "Who is the person in the image?",
        ),
        (
            record("Generate a caption for this image", "A dog.", "https://x.com/a.jpg"),
            "needs_media",
            "Generate a caption for this image",
        ),
        (
            record("Summarize this article: https://www.nytimes.com/2020/01/01/a.html", "It says"),
            "needs_url",
            "Summarize this article: https://www.nytimes.com/2020/01/01/a.html",
        ),
        (
            record("Read the article at www.cnn.com/x and answer", "It says"),
            "needs_url",
            "Read the article at www.cnn.com/x",
        ),
        (
            record("Transcribe the following audio.", "Hello", "audio.mp3"),
            "needs_media",
            "Transcribe the following audio",
        ),
        (
            record("Analyze the attached chart", "It goes up"),
            "needs_media",
            "Analyze the attached chart",
        ),
        (
            record("Summarize the attached PDF document.", "It says"),
            "needs_media",
            "Summarize the attached PDF document",
        ),
        (
            record("Edit the following paragraph.", "Sorry, no paragraph was provided."),
            "missing_input",
            "no paragraph was provided",
        ),
        (
            record("Summarize the text", "Please provide the text you would like me to summarize."),
            "missing_input",
            "Please provide the text you would like",
        ),
        (
            record("Translate this", "I'm sorry, but you haven't provided any text to translate."),
            "missing_input",
            "you haven't provided",
        ),
        (
            record("Look at this graph. What is the trend?", "Up"),
            "needs_media",
            "Look at this graph",
        ),
        (
            record("Identify the bird in this photo", "Robin."),
            "needs_media",
            "Identify the bird in this photo",
        ),
        (
            record("Classify the following image", "cat", "image.png"),
            "needs_media",
            "Classify the following image",
        ),
        *(
            (record("What is the total?", output), "missing_input", found)
            for output, found in (
                (
                    "It seems that the question is incomplete. Please provide more details.",
                    "seems that the question is incomplete",
                ),
                ("The question is incomplete.", "The question is incomplete"),
                ("Your prompt seems to be cut off.", "Your prompt seems to be cut off"),
                ("I see that the input appears to be empty.", "the input appears to be empty"),
                ("There is no passage given.", "There is no passage given"),
                ("There are no documents attached.", "There are no documents attached"),
                ("There is no text to summarize.", "There is no text to summarize"),
            )
        ),
        *(
            (record(instruction, "It is 7."), "needs_file", found)
            for instruction, found in (
                ("Open report.pdf and list the totals.", "Open report.pdf"),
                ("Please summarize the file sales.docx.", "Please summarize the file sales.docx"),
                ("Transcribe talk_1.mp3", "Transcribe talk_1.mp3"),
                ("Can you read my budget.xlsx?", "Can you read my budget.xlsx"),
            )
        ),
        *(
            (record(instruction, "A dog."), "needs_media", found)
            for instruction, found in (
                ("Describe this image: https://x.com/a.jpg", "Describe this image"),
                ("Describe the following image: cat.jpg", "Describe the following image"),
                ("Describe this image. Use three or four words.", "Describe this image"),
                ("Describe this image carefully.", "Describe this image"),
                ("Explain what this picture means.", "Explain what this picture"),
            )
        ),
        (
            record("Complete the sentence.", "It seems the input is empty."),
            "missing_input",
            "seems the input is empty",
        ),
        (
            record("Edit the given picture", "I cannot directly edit images."),
            "missing_input",
            "I cannot directly edit images",
        ),
    ],
)
def test_drops_with_reason_and_evidence(bad, reason, found):
    dropped = Unanswerable().apply(bad)
    assert (dropped.step, dropped.reason) == ("unanswerable", reason)
    assert dropped.evidence["found"] == found
