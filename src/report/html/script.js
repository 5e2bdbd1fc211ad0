"use strict";
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  for (const head of table.tHead.rows[0].cells) {
    const button = head.querySelector("button");
    if (!button) continue;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[head.cellIndex].dataset.key ?? row.cells[head.cellIndex].textContent;
      const rows = Array.from(body.rows, (row) => [key(row), row]);
      rows.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
      if (down) rows.reverse();
      body.append(...rows.map(([, row]) => row));
    });
  }
}
const name = document.getElementById("by-name");
const step = document.getElementById("by-step");
const filter = () => {
  const words = name.value.trim().toLowerCase();
  let shown = 0;
  const rows = document.querySelectorAll("tr[data-name]");
  for (const row of rows) {
    row.hidden = !(row.dataset.name.includes(words) && (step.value === "" || row.dataset.step === step.value));
  }
  for (const row of document.querySelectorAll("#submissions tr[data-name]")) shown += row.hidden ? 0 : 1;
  document.getElementById("shown").textContent = shown + " shown";
};
if (name && step) {
  name.addEventListener("input", filter);
  step.addEventListener("change", filter);
}
const told = document.getElementById("told");
const tell = (event) => {
  const cell = event.target.closest("[data-tell]");
  if (cell && told) told.textContent = cell.dataset.tell;
};
document.addEventListener("focusin", tell);
document.addEventListener("mouseover", tell);
