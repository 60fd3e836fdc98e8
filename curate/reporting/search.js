(() => {
  const [form, box, list, found] = ["search", "words", "list", "found"].map((id) => document.getElementById(id));
  const items = [...list.querySelectorAll("li")];
  let texts = null;
  const search = () => {
    texts ??= items.map((item) => item.textContent.toLowerCase());
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    items.forEach((item, place) => {
      item.hidden = !words.every((word) => texts[place].includes(word));
      number += !item.hidden;
    });
    found.textContent = words.length ? `${number.toLocaleString("en")} of ${items.length.toLocaleString("en")}` : "";
    list.open = words.length > 0;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", search);
  form.hidden = false;
  if (box.value) search();
})();
