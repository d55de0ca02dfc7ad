/* Copying by a button: data-copy names the element whose text is copied, data-done is said when it was.
 *
 * Where the page may not reach the clipboard (no TLS) the text is selected and copied the old way.
 */
(() => {
  "use strict";

  const SAID_FOR = 2000;

  const select = (element) => {
    const selection = window.getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(element);
    selection.addRange(range);
  };

  const copy = async (element) => {
    if (navigator.clipboard) {
      try {
        await navigator.clipboard.writeText(element.textContent);
        return true;
      } catch {
        // not allowed here: the old way may be
      }
    }
    select(element);
    return document.execCommand("copy");
  };

  const said = document.createElement("p");
  said.className = "ch-unseen";
  said.setAttribute("role", "status");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || button.dataset.was) return;
    if (!said.isConnected) document.body.append(said);
    if (!(await copy(document.getElementById(button.dataset.copy)))) return;
    button.dataset.was = button.textContent;
    button.textContent = said.textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = button.dataset.was;
      said.textContent = "";
      delete button.dataset.was;
    }, SAID_FOR);
  });
})();
