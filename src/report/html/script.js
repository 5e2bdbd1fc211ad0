"use strict";
const all = (selector, of = document) => of.querySelectorAll(selector);
const by = (id) => document.getElementById(id);
const order = { f: "0", u: "1", "": "2", n: "3" };
const texts = new Intl.Collator("en", { numeric: true });
const key = (row, at, matrix) => {
  const cell = row.cells[at];
  if (!matrix || at === 0) return cell.textContent.replace(/^\$/, "").replace(/,/g, "");
  return cell.textContent ? order[cell.className] : "4";
};
const sort = (table, at) => {
  const head = table.tHead.rows[0].cells[at];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => [key(row, at, table.id === "matrix"), row]);
  rows.sort(([a], [b]) => texts.compare(a, b));
  if (down) rows.reverse();
  body.replaceChildren(...rows.map(([, row]) => row));
};
for (const table of all("table[data-sortable]")) {
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (head && event.target.closest("button")) sort(table, head.cellIndex);
  });
}
const name = by("by-name");
const step = by("by-step");
const filter = () => {
  const words = name.value.trim().toLowerCase();
  for (const row of all("tr[data-name]")) {
    row.hidden = !(row.dataset.name.includes(words) && (step.value === "" || row.dataset.step === step.value));
  }
  by("shown").textContent = all("#submissions tbody tr:not([hidden])").length + " shown";
};
name.addEventListener("input", filter);
step.addEventListener("change", filter);
const matrix = by("matrix");
const heads = matrix.tHead.rows[0].cells;
// The rules with findings stand first.
const only = document.head.appendChild(document.createElement("style"));
by("only").addEventListener("change", (event) => {
  const found = Number(matrix.dataset.found);
  matrix.style.setProperty("--n", event.target.checked ? found : heads.length - 1);
  only.textContent = event.target.checked ? `#matrix tr>:nth-child(n+${found + 2}){display:none}` : "";
});
const words = { f: "fail", u: "cannot be told", "": "pass", n: "not applicable" };
let at = null;
const tell = (cell) => {
  if (!cell || cell.tagName !== "TD") return;
  const word = cell.textContent ? words[cell.className] : "not in force";
  const found = cell.dataset.t ? ": " + cell.dataset.t : "";
  by("told").textContent = cell.parentNode.cells[0].textContent + ", " + heads[cell.cellIndex].title + ": " + word + found;
};
const go = (cell) => {
  if (!cell) return;
  if (at) at.removeAttribute("tabindex");
  at = cell;
  at.tabIndex = 0;
  at.focus();
  tell(at);
};
// One cell can be reached with the Tab key; the arrow keys lead to the others.
matrix.setAttribute("role", "grid");
at = matrix.querySelector("tbody td");
if (at) at.tabIndex = 0;
const beside = (row, way) => {
  do row = row && row[way]; while (row && row.hidden);
  return row;
};
matrix.addEventListener("keydown", (event) => {
  const cell = event.target.closest("tbody td");
  if (!cell) return;
  const { parentNode: row, cellIndex: column } = cell;
  const to = {
    ArrowRight: () => cell.nextElementSibling,
    ArrowLeft: () => (column > 1 ? cell.previousElementSibling : null),
    ArrowDown: () => beside(row, "nextElementSibling")?.cells[column],
    ArrowUp: () => beside(row, "previousElementSibling")?.cells[column],
    Home: () => row.cells[1],
    End: () => row.cells[row.cells.length - 1],
  }[event.key];
  if (to) {
    event.preventDefault();
    go(to());
  } else if (event.key === "Enter" && cell.dataset.t) {
    open(cell);
  }
});
const open = (cell) => {
  const rule = heads[cell.cellIndex].textContent;
  location.href = cell.parentNode.cells[0].querySelector("a").getAttribute("href") + "#" + rule;
};
matrix.addEventListener("focusin", (event) => tell(event.target.closest("td")));
matrix.addEventListener("mouseover", (event) => tell(event.target.closest("td")));
matrix.addEventListener("click", (event) => {
  const cell = event.target.closest("tbody td");
  if (cell && cell.dataset.t) open(cell);
  else if (cell) go(cell);
});
