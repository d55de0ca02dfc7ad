/* The theme draws its symbols as words of a font, "call" for a telephone. Where real words stand beside one, screen readers shall
 * not say it as well.
 */
(() => {
  "use strict";

  const begin = () => {
    for (const symbol of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
      const control = symbol.closest("a, button, summary, label");
      const isNamed = !control || control.title || control.getAttribute("aria-label");
      if (isNamed || control.textContent.trim() !== symbol.textContent.trim()) symbol.setAttribute("aria-hidden", "true");
    }
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
