/* The list of calls by keyboard and by clicking anywhere on a row; its small windows close when one turns elsewhere.
 *
 * Without this script the first cell of a row opens the call, and everything else works as well.
 */
(() => {
  "use strict";

  const begin = () => {
    if (!document.querySelector("[data-list]")) return;
    const rows = [...document.querySelectorAll("#result_list tbody tr.data-row")];
    const help = document.querySelector("[data-keys-help]");
    const opener = (row) => row.querySelector(".field-started a[href]");
    let at = -1;

    const go = (to) => {
      if (!rows.length) return;
      if (at >= 0) rows[at].classList.remove("ch-at");
      at = Math.min(Math.max(to, 0), rows.length - 1);
      rows[at].classList.add("ch-at");
      opener(rows[at]).focus({ preventScroll: true });
      rows[at].scrollIntoView({ block: "nearest" });
    };

    const keys = {
      j: () => go(at + 1),
      k: () => go(at < 0 ? rows.length - 1 : at - 1),
      Enter: () => opener(rows[at]).click(),
      x: () => rows[at].querySelector("input.action-select")?.click(),
      " ": () => rows[at].querySelector("a[data-mini]")?.click(),
      "?": () => help.showModal(),
    };
    const needsRow = ["Enter", "x", " "];
    const isOurs = (element) => element === document.body || (at >= 0 && element === opener(rows[at]));
    const isTyping = (element) =>
      element.isContentEditable || Boolean(element.closest("input:not([type=checkbox]), textarea, select, dialog, [role=combobox]"));

    document.addEventListener("keydown", (event) => {
      const act = Object.hasOwn(keys, event.key) && keys[event.key];
      if (!act || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
      if (needsRow.includes(event.key) && at < 0) return;
      if ([" ", "Enter"].includes(event.key) && !isOurs(event.target)) return; // a button or link has the focus
      event.preventDefault();
      act();
    }, true);

    for (const [place, row] of rows.entries()) {
      row.classList.add("ch-opens");
      row.addEventListener("click", (event) => {
        const pressed = event.target.closest("a, button, input, label, select, summary, audio, .action-checkbox");
        if (pressed || event.defaultPrevented || String(getSelection())) return;
        if (event.ctrlKey || event.metaKey) window.open(opener(row).href, "_blank", "noopener");
        else opener(row).click();
      });
      row.addEventListener("focusin", () => {
        if (at >= 0) rows[at].classList.remove("ch-at");
        at = place;
        row.classList.add("ch-at");
      });
    }

    const button = document.querySelector("[data-keys]");
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());

    const pops = [...document.querySelectorAll("details.ch-pop")];
    document.addEventListener("click", (event) => {
      for (const pop of pops) if (!pop.contains(event.target)) pop.open = false;
    });
    document.addEventListener("keydown", (event) => {
      const open = event.key === "Escape" && pops.find((pop) => pop.open);
      if (!open) return;
      open.open = false;
      open.querySelector("summary").focus();
    });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
