(() => {
  const told = document.getElementById("told");
  if (!told) return;
  const tell = (event) => {
    const token = event.target.closest(".t");
    if (!token) return;
    const { shown, at, ids, labels } = token.dataset;
    const loss = token.closest("mark") ? "takes loss" : "takes no loss";
    told.textContent = `token ${at}: ${shown} · id ${ids} · label ${labels} · ${loss}`;
  };
  const steps = { ArrowRight: (at) => at + 1, ArrowLeft: (at) => at - 1, Home: () => 0, End: (at, all) => all.length - 1 };
  const go = (event) => {
    const step = steps[event.key], token = event.target;
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !token.matches(".t")) return;
    const all = [...token.closest(".flow").querySelectorAll(".t")];
    const next = all[step(all.indexOf(token), all)];
    event.preventDefault();
    if (!next) return;
    token.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  document.addEventListener("mouseover", tell);
  document.addEventListener("focusin", tell);
  document.addEventListener("keydown", go);
  told.hidden = false;
})();
