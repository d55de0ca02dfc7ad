/* The list of calls as a file: tells how many calls have come, may be stopped, and saves the file when it is whole.
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

  const begin = () => {
    const form = document.querySelector("form[data-export]");
    if (!form) return;
    const part = (name) => form.querySelector(`[data-${name}]`);
    const words = form.dataset;
    const total = Number(words.total); // 0: nobody counted so far
    let going = null;

    const tell = (text, calls) => {
      const lang = document.documentElement.lang || undefined;
      const said = (number) => number.toLocaleString(lang);
      part("says").textContent = text.replace("{calls}", said(calls)).replace("{total}", said(total));
      part("bar").max = total || 1;
      if (total) part("bar").value = calls;
      else part("bar").removeAttribute("value");
    };

    const read = async (answer) => {
      const [count, pieces, reader] = [counter(), [], answer.body.getReader()];
      let [calls, told] = [0, 0];
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        calls = Math.max(count(value) - 1, 0); // the first line is the heading
        if (Date.now() - told < 300) continue;
        told = Date.now();
        tell(total ? words.of : words.so, calls);
      }
      save(pieces, /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] || "calls.csv");
      part("bar").hidden = true;
      tell(words.done, calls);
    };

    form.addEventListener("submit", async (event) => {
      if (!window.ReadableStream) return;
      event.preventDefault();
      if (going) return;
      going = new AbortController();
      for (const name of ["going", "bar", "stop"]) part(name).hidden = false;
      part("trouble").hidden = true;
      tell(total ? words.of : words.so, 0);
      try {
        const answer = await fetch(form.action, { method: "POST", body: new FormData(form), signal: going.signal });
        const isFile = (answer.headers.get("Content-Type") || "").startsWith("text/csv");
        if (isFile) await read(answer);
        else window.location.assign(answer.redirected ? answer.url : window.location.href); // it says what is wrong
      } catch (error) {
        part("going").hidden = true;
        part("trouble").hidden = error.name === "AbortError";
      }
      part("stop").hidden = true;
      going = null;
    });
    part("stop").addEventListener("click", () => going?.abort());
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
