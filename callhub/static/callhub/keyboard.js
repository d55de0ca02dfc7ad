/* The theme opens its menus and the filters by clicks on elements that no keyboard reaches. Here each of them is a button:
 * Tab reaches it, Enter and Space press it, it says whether it is open, and Escape closes it and leads back to it.
 *
 * Alpine reads the attributes set here when it begins, so this script comes before it.
 */
(() => {
  "use strict";

  const NATIVE = "a[href], button, input, select, textarea, summary";
  const FIRST = "a[href], button:not([disabled]), input:not([type=hidden]), select, [role=button]";
  const OPENS = /^(\w+) = (?:!\1|true)$/;
  let opener = null;

  const asButton = (control) => {
    if (control.matches(NATIVE) || control.querySelector(NATIVE) || !control.textContent.trim()) return;
    control.setAttribute("role", "button");
    control.tabIndex = 0;
    const [, name] = OPENS.exec(control.getAttribute("x-on:click")) || [];
    if (name) {
      control.dataset.opens = name;
      control.setAttribute("x-bind:aria-expanded", `${name} ? 'true' : 'false'`);
      control.setAttribute("x-on:keydown.escape.window", `${name} = false`);
    }
    const symbols = [...control.querySelectorAll(".material-symbols-outlined")].map((symbol) => symbol.textContent.trim());
    const isSymbol = control.matches(".material-symbols-outlined") || symbols.join("") === control.textContent.trim();
    if (isSymbol) control.setAttribute("aria-label", document.querySelector("[data-more]")?.dataset.more || "");
  };

  const enter = (name) => {
    const menus = [...document.querySelectorAll(`[x-show="${name}"]`)];
    menus.find((menu) => menu.checkVisibility())?.querySelector(FIRST)?.focus();
  };

  document.addEventListener("alpine:init", () => {
    for (const control of document.querySelectorAll("[x-on\\:click]")) asButton(control);
    for (const { content } of document.querySelectorAll("template"))
      for (const control of content.querySelectorAll("[x-on\\:click]")) asButton(control);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opener) {
      const back = opener;
      opener = null;
      requestAnimationFrame(() => back.focus());
    }
    const control = event.target;
    if (!["Enter", " "].includes(event.key) || !control.matches?.("[role=button][x-on\\:click]")) return;
    event.preventDefault();
    event.stopPropagation();
    control.click();
    if (!control.dataset.opens) return;
    opener = control;
    requestAnimationFrame(() => requestAnimationFrame(() => enter(control.dataset.opens)));
  }, true);
})();
