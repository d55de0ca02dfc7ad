/* The live board: writes the rows that callhub.watch brings, lets their clocks tick, says aloud which calls are new.
 *
 * A row is touched only when its words changed, so that nobody loses the button under their finger.
 */
(() => {
  "use strict";

  const callhub = window.callhub;
  const LINGERS = 4000; // how long a call that has ended is still to be read

  class Board {
    constructor(root) {
      this.root = root;
      this.rows = new Map();
      for (const row of this.part("rows").children) this.rows.set(row.dataset.id, { row, html: null });
      for (const { row } of this.rows.values()) this.tick(row, Number(row.dataset.seconds), true);
      root.addEventListener("click", (event) => this.press(event.target.closest("[data-do]")));
      const told = {
        news: (body) => this.news(body),
        lost: () => this.stale(true),
        back: () => this.stale(false),
        gone: () => this.gone(),
        by: (word) => (root.dataset.by = word),
      };
      this.watch = callhub.watch(root.dataset.live, told, root.dataset.stream);
    }

    part(name) {
      return this.root.querySelector(`[data-${name}]`);
    }

    tick(row, seconds, ticks) {
      callhub.clock(row.querySelector("[data-clock]"), seconds, ticks);
    }

    news(body) {
      const seen = new Set(body.rows.map((told) => told.id));
      for (const [id, kept] of this.rows) if (!seen.has(id)) this.end(id, kept.row);
      const fresh = body.rows.filter((told) => !this.rows.has(told.id));
      body.rows.forEach((told, place) => this.write(told, place));
      if (fresh.length) this.part("news").textContent = fresh.map((told) => told.says).join(". ");
      this.part("said").textContent = body.said;
      this.part("cut").hidden = !body.is_cut;
      this.tell();
    }

    write(told, place) {
      const kept = this.rows.get(told.id) || { row: document.createElement("tr"), html: null };
      const { row } = kept;
      if (kept.html !== told.html) {
        const doing = row.contains(document.activeElement) ? document.activeElement.dataset.do : "";
        row.innerHTML = told.html; // our own template; everything in it is escaped there
        if (doing) (row.querySelector(`[data-do="${doing}"]`) || row.querySelector("a")).focus();
      }
      row.dataset.id = told.id;
      this.rows.set(told.id, { row, html: told.html });
      this.tick(row, told.seconds, true);
      const there = [...this.part("rows").children].filter((other) => !other.dataset.over)[place];
      if (there !== row) this.part("rows").insertBefore(row, there || null);
    }

    end(id, row) {
      this.rows.delete(id);
      row.dataset.over = "yes";
      row.querySelectorAll("[data-clock]").forEach((clock) => clock.remove());
      row.querySelectorAll("[data-do]").forEach((button) => button.remove());
      const badge = row.querySelector(".ch-badge");
      badge.className = "ch-badge ch-plain";
      badge.textContent = this.root.dataset.ended;
      setTimeout(() => {
        row.remove();
        this.tell();
      }, LINGERS);
    }

    tell() {
      const none = !this.part("rows").children.length;
      this.part("empty").hidden = !none;
      this.part("board").hidden = none;
    }

    stale(is) {
      this.root.classList.toggle("ch-stale", is);
      this.part("lost").hidden = !is;
      if (!is) return;
      for (const { row } of this.rows.values()) callhub.halt(row.querySelector("[data-clock]"));
    }

    gone() {
      this.stale(true);
      this.part("lost").hidden = true;
      this.part("gone").hidden = false;
    }

    complain(words) {
      const trouble = this.part("trouble");
      trouble.textContent = words;
      trouble.hidden = false;
    }

    async press(button) {
      if (!button || button.disabled) return;
      button.disabled = true;
      const trouble = this.part("trouble");
      trouble.hidden = true;
      const form = new FormData();
      form.set("csrfmiddlewaretoken", this.root.querySelector("[name=csrfmiddlewaretoken]").value);
      try {
        const { ok, body } = await callhub.json(`${this.root.dataset.act}${button.dataset.do}`, { method: "POST", body: form });
        if (!ok) this.complain(body.refusal);
      } catch {
        this.complain(trouble.dataset.failed);
      }
      button.disabled = false;
      this.watch.hurry();
    }
  }

  const root = document.querySelector("[data-live]");
  if (root) new Board(root);
})();
