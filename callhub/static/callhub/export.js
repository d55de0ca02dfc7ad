/* The list of calls, or what is ticked of it, as a file: tells how many calls have come, may be stopped, and saves the file when
 * it is whole.
 *
 * Without this script the browser downloads the file by itself.
 */
(() => {
  "use strict";

  const QUOTE = 34;
  const NEWLINE = 10;

  /* Counts the lines of a CSV file that comes in pieces; a line end within quotes belongs to a cell. */
  const counter = () => {
    let quoted = false;
    let lines = 0;
    return (bytes) => {
      for (const byte of bytes) {
        if (byte === QUOTE) quoted = !quoted;
        else if (byte === NEWLINE && !quoted) lines += 1;
      }
      return lines;
    };
  };

  const save = (pieces, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(pieces, { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000); // a browser may begin to read it late
  };

  /* Fetches a file and tells within `place` how far it is, in the words of the list's own form. */
  const exporter = (place, words) => {
    const part = (name) => place.querySelector(`[data-${name}]`);
    let going = null;

    const tell = (text, calls, total) => {
      const lang = document.documentElement.lang || undefined;
      const said = (number) => number.toLocaleString(lang);
      part("says").textContent = text.replace("{calls}", said(calls)).replace("{total}", said(total));
      part("bar").max = total || 1;
      if (total) part("bar").value = calls;
      else part("bar").removeAttribute("value");
    };

    const read = async (answer, total) => {
      const [count, pieces, reader] = [counter(), [], answer.body.getReader()];
      let [calls, told] = [0, 0];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        calls = Math.max(count(value) - 1, 0); // the first line is the heading
        if (Date.now() - told < 300) continue;
        told = Date.now();
        tell(total ? words.of : words.so, calls, total);
      }
      save(pieces, /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] || "calls.csv");
      part("bar").hidden = true;
      tell(words.done, calls, total);
    };

    part("stop").addEventListener("click", () => going?.abort());
    return async (address, body, total) => { // a total of 0: nobody counted so far
      if (going) return;
      going = new AbortController();
      for (const name of ["going", "bar", "stop"]) part(name).hidden = false;
      part("trouble").hidden = true;
      tell(total ? words.of : words.so, 0, total);
      try {
        const answer = await fetch(address, { method: "POST", body, signal: going.signal, headers: { Accept: "text/csv" } });
        const type = answer.headers.get("Content-Type") || "";
        if (type.startsWith("text/csv")) await read(answer, total);
        else if (type.startsWith("application/json")) window.location.assign((await answer.json()).page);
        else window.location.assign(answer.redirected ? answer.url : window.location.href); // it says what is wrong
      } catch (error) {
        part("going").hidden = true;
        part("trouble").hidden = error.name === "AbortError";
      }
      part("stop").hidden = true;
      going = null;
    };
  };

  const begin = () => {
    const form = document.querySelector("form[data-export]");
    if (!form || !window.ReadableStream) return;
    const all = Number(form.dataset.total);
    const whole = exporter(form, form.dataset);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      whole(form.action, new FormData(form), all);
    });

    const [list, place] = [document.querySelector("#changelist-form"), document.querySelector("[data-export-ticked]")];
    const ticked = exporter(place, form.dataset);
    list?.addEventListener("submit", (event) => {
      const body = new FormData(list);
      if (body.get("action") !== "export_selected") return;
      event.preventDefault();
      place.hidden = false;
      place.scrollIntoView({ block: "nearest" });
      ticked(window.location.href, body, body.get("select_across") === "1" ? all : body.getAll("_selected_action").length);
    });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
