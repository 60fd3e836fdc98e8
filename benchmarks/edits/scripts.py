"""Pairs in many scripts, made by hand."""

from curate.records import Record

__all__ = ["SCRIPTS"]


def pair(prompt: str, other: str, answer: str = "—", reply: str = "") -> tuple[Record, Record]:
    """Return two records."""
    return Record("a:1", prompt, output=answer), Record("a:2", other, output=reply or answer)


ZH = "昨天晚上我们一家人去了城里最有名的饭馆吃饭,父亲点了烤鸭和豆腐,母亲要了一碗热汤,弟弟只想吃面条,大家都很高兴,饭后我们沿着河边慢慢走回家,月亮很圆,风也很凉快。"
JA = "昨日の夜、私たち家族は町で一番有名なレストランへ食事に行きました。父は焼き魚と豆腐を頼み、母は温かいスープを頼みました。弟はうどんだけ食べたいと言いました。みんなとても嬉しかったです。"
TH = "เมื่อวานตอนเย็นครอบครัวของเราไปกินข้าวที่ร้านอาหารที่มีชื่อเสียงที่สุดในเมือง พ่อสั่งปลาย่างกับเต้าหู้ แม่สั่งซุปร้อน น้องชายอยากกินแต่ก๋วยเตี๋ยว ทุกคนมีความสุขมาก"
RU = "Вчера вечером мы всей семьёй ходили в самый известный ресторан города, отец заказал рыбу и картофель, мать попросила горячий суп, а младший брат хотел только лапшу; все были очень рады, и после ужина мы медленно шли домой вдоль реки под яркой луной и говорили о лете."
DE = "Gestern Abend gingen wir mit der ganzen Familie in das bekannteste Restaurant der Stadt, der Vater bestellte Fisch und Kartoffeln, die Mutter wollte eine heiße Suppe, und der kleine Bruder aß nur Nudeln; alle waren sehr froh, und nach dem Essen gingen wir langsam am Fluss entlang nach Hause."
AR = "ذهبنا مساء أمس مع جميع أفراد العائلة إلى أشهر مطعم في المدينة وطلب الأب السمك والبطاطس وطلبت الأم حساء ساخنا أما الأخ الصغير فأراد المعكرونة فقط وكان الجميع سعداء جدا وبعد العشاء مشينا ببطء إلى البيت على طول النهر"
HI = "कल शाम हम पूरे परिवार के साथ शहर के सबसे प्रसिद्ध भोजनालय में गए, पिता ने मछली और आलू मँगवाए, माँ ने गरम सूप माँगा और छोटे भाई को केवल नूडल्स चाहिए थे; सब बहुत खुश थे और खाने के बाद हम धीरे धीरे नदी के किनारे घर लौटे।"
FR = "Hier soir, nous sommes allés avec toute la famille au restaurant le plus connu de la ville, le père a commandé du poisson et des pommes de terre, la mère a voulu une soupe chaude et le petit frère a mangé seulement des pâtes ; tout le monde était content et nous sommes rentrés à pied."

SCRIPTS = {
    "superficial": [
        pair("中国的首都是哪里?", "中国的首都是哪里？", "北京"),
        pair("中国的首都是哪里?", "请问中国的首都是哪里？", "北京"),
        pair("请写一首诗。", "写一首诗", "好"),
        pair(ZH, ZH.replace(",", "，").replace("。", ""), "好的"),
        pair(ZH, ZH.replace("高兴", "开心"), "好的"),
        pair(ZH, " ".join(ZH), "好的"),
        pair("日本の首都はどこですか。", "日本の首都はどこですか？", "東京"),
        pair("ﾆﾎﾝの首都はどこ", "ニホンの首都はどこ", "東京"),
        pair(JA, JA.replace("、", "").replace("。", " "), "はい"),
        pair(JA, JA.replace("とても", "すごく"), "はい"),
        pair("が", "か\u3099"),
        pair("ประเทศไทยมีเมืองหลวงชื่ออะไร", "ประเทศไทยมีเมืองหลวงชื่ออะไร?", "กรุงเทพ"),
        pair(TH, TH.replace(" ", ""), "ครับ"),
        pair(RU, RU.upper(), "Да"),
        pair(RU, RU.replace("яркой", "ясной"), "Да"),
        pair(RU, RU.replace("ё", "е"), "Да"),
        pair("Какая столица России?", "какая столица россии", "Москва"),
        pair("Пожалуйста, назови столицу России.", "Назови столицу России", "Москва"),
        pair(DE, DE.replace("ß", "ss"), "Ja"),
        pair(DE, DE.replace("langsam", "gemütlich"), "Ja"),
        pair("Bitte nenne die Hauptstadt von Peru.", "Nenne die Hauptstadt von Peru", "Lima"),
        pair("¿Cuál es la capital de Perú?", "cual es la capital de Perú", "Lima"),
        pair("Por favor, nombra un color.", "Nombra un color", "Rojo"),
        pair("Nomme une couleur, s'il te plaît.", "Nomme une couleur", "Rouge"),
        pair(FR, FR.replace("'", "’").replace(" ;", " ;"), "Oui"),
        pair(AR, AR.replace("ببطء", "بهدوء"), "نعم"),
        pair("ما هي عاصمة مصر؟", "ما هي عاصمة مصر", "القاهرة"),
        pair("مَا هِيَ عَاصِمَة مِصر؟", "ما هي عاصمة مصر؟", "القاهرة"),
        pair(HI, HI.replace("।", "").replace(",", ""), "हाँ"),
        pair("१२ और ५ जोड़ो", "12 और 5 जोड़ो", "17"),
        pair("भारत की राजधानी क्या है?", "भारत की राजधानी क्या है", "दिल्ली"),
    ],
    "distinct": [
        pair("中国的首都是哪里?", "法国的首都是哪里?", "是"),
        pair("他是好人吗?", "她是好人吗?", "是"),
        pair("这是真的。", "这不是真的。", "好"),
        pair("把下面的句子翻译成英文:" + ZH, "把下面的句子翻译成日文:" + ZH, "好"),
        pair("猫追狗", "狗追猫", "好"),
        pair(ZH, ZH.replace("都很高兴", "都不高兴"), "好的"),
        pair(ZH + "谁点了烤鸭?", ZH + "谁要了热汤?", "好的"),
        pair("三个苹果加五个苹果", "三个苹果加六个苹果", "好"),
        pair("评价", "评价", "这部电影非常好看,我很喜欢它的故事和演员。", "这部电影非常难看,我很喜欢它的故事和演员。"),
        pair("犬は好きですか", "猫は好きですか", "はい"),
        pair("行きます", "行きません", "はい"),
        pair(JA, JA.replace("食べたい", "食べたくない"), "はい"),
        pair(JA + "父は何を頼みましたか", JA + "母は何を頼みましたか", "はい"),
        pair("ฉันชอบแมว", "ฉันชอบหมา", "ครับ"),
        pair("เขามา", "เขาไม่มา", "ครับ"),
        pair(TH + " พ่อสั่งอะไร?", TH + " แม่สั่งอะไร?", "ครับ"),
        pair("Столица Перу?", "Столица Чили?", "Да"),
        pair(RU, RU.replace("все были", "все не были"), "Да"),
        pair("Он пришёл?", "Он не пришёл?", "Да"),
        pair(RU + " Кто заказал рыбу?", RU + " Кто заказал суп?", "Да"),
        pair("Übersetze ins Englische: Hund", "Übersetze ins Deutsche: Hund", "Ja"),
        pair(DE, DE.replace("alle waren sehr", "alle waren nicht"), "Ja"),
        pair(DE, DE.replace("eine heiße", "keine heiße"), "Ja"),
        pair("Der Hund beißt den Mann.", "Der Mann beißt den Hund.", "Ja"),
        pair(FR, FR.replace("était content", "n'était pas content"), "Oui"),
        pair("Traduis en anglais : chat", "Traduis en espagnol : chat", "Oui"),
        pair("Es verdad", "No es verdad", "Sí"),
        pair("ما هي عاصمة مصر؟", "ما هي عاصمة العراق؟", "نعم"),
        pair(AR + " من طلب السمك؟", AR + " من طلب الحساء؟", "نعم"),
        pair(AR, AR.replace("وكان الجميع سعداء", "ولم يكن الجميع سعداء"), "نعم"),
        pair("भारत की राजधानी क्या है?", "नेपाल की राजधानी क्या है?", "हाँ"),
        pair(HI, HI.replace("सब बहुत खुश थे", "सब खुश नहीं थे"), "हाँ"),
        pair("१२ और ५ जोड़ो", "१२ और ६ जोड़ो", "हाँ"),
        pair("٣ + ٤", "٣ + ٥", "نعم"),
        pair("第三章讲了什么", "第四章讲了什么", "好"),
    ],
}  # fmt: skip
