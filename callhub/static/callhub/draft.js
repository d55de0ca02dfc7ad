/* Keeps what a person types into a text area on this device until it is saved, and says when: "Kept on this device, 10:04".
 *
 * A draft goes when its text stands on the page (it was saved), when the field is as it came, when the field comes with another
 * text than the draft began from, or after 30 days.
 */
(() => {
  "use strict";

  const PREFIX = "callhub:draft:";
  const PAUSE = 500; // milliseconds without typing
  const KEPT = 30 * 24 * 3600 * 1000;

  function read(name) {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch {
      return null;
    }
  }

  function write(name, draft) {
    try {
      if (draft) localStorage.setItem(name, JSON.stringify(draft));
      else localStorage.removeItem(name);
      return true;
    } catch {
      return false; // no room, or storage is not allowed: the field then works as any other
    }
  }

  function names() {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    } catch {
      return [];
    }
  }

  function isSaved(text) {
    return [...document.querySelectorAll("[data-said]")].some((said) => said.textContent.trim() === text.trim());
  }

  class Draft {
    constructor(field) {
      this.field = field;
      this.name = PREFIX + field.dataset.draft;
      this.says = document.createElement("p");
      this.says.className = "ch-draft ch-dim";
      this.says.setAttribute("role", "status");
      field.after(this.says);
      this.restore();
      field.addEventListener("input", () => this.later());
      addEventListener("pagehide", () => this.keep());
    }

    restore() {
      const draft = read(this.name);
      if (!draft) return;
      const began = this.field.defaultValue.replace(/\r\n/g, "\n");
      if (draft.base !== began || draft.text === began || isSaved(draft.text)) return void write(this.name, null);
      if (this.field.value.replace(/\r\n/g, "\n") !== began) return;
      this.field.value = draft.text;
      const folded = this.field.closest("details");
      if (folded) folded.open = true;
      this.say(draft.at);
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keep(), PAUSE);
      this.isTyped = true;
    }

    keep() {
      clearTimeout(this.timer);
      if (!this.isTyped) return;
      this.isTyped = false;
      const draft = { text: this.field.value, base: this.field.defaultValue.replace(/\r\n/g, "\n"), at: Date.now() };
      const isNone = !draft.text.trim() || draft.text === draft.base;
      const isKept = write(this.name, isNone ? null : draft);
      if (isNone || !isKept) this.says.textContent = "";
      else this.say(draft.at);
    }

    say(at) {
      const time = new Date(at).toLocaleTimeString(document.documentElement.lang || undefined, { hour: "2-digit", minute: "2-digit" });
      this.says.textContent = this.field.dataset.kept.replace("{time}", time);
    }
  }

  for (const name of names()) {
    const draft = read(name);
    if (!draft || !(Date.now() - draft.at < KEPT)) write(name, null);
  }
  document.querySelectorAll("textarea[data-draft]").forEach((field) => new Draft(field));
})();
