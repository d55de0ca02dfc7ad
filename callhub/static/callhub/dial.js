/* Calling from any page: a button with data-dial opens a dialog, whose form places the call and then follows it.
 *
 * The words are the server's: it renders the form (templates/admin/calls/origination/dialog.html) and says how the call goes.
 * The form's key is made when the dialog opens, so sending it twice makes one call. Closing the dialog does not end the call.
 */
(() => {
  "use strict";

  const callhub = window.callhub;
  document.documentElement.classList.add("ch-dials"); // the buttons are hidden where this script is not

  class Dialog {
    constructor(address) {
      this.address = address;
      this.element = document.createElement("dialog");
      this.element.className = "ch-dialog";
      this.element.setAttribute("aria-labelledby", "ch-dialog-title");
      this.element.addEventListener("close", () => this.end());
      this.element.addEventListener("click", (event) => this.press(event));
      this.element.addEventListener("submit", (event) => this.call(event));
      this.element.addEventListener("change", () => this.noteLine());
      document.body.append(this.element);
    }

    async open() {
      if (this.watch) this.watch.stop();
      this.watch = null;
      const answer = await fetch(this.address, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return location.reload(); // signed out: the page itself asks for the log-in
      this.element.innerHTML = await answer.text(); // our own template; everything in it is escaped there
      const form = this.element.querySelector("form");
      if (!form) return location.reload();
      this.remembered = `callhub.line.${form.dataset.tenant}`;
      this.chooseLine();
      if (!this.element.open) this.element.showModal();
      (this.part("call") || this.part("close")).focus();
      return undefined;
    }

    end() {
      if (this.watch) this.watch.stop();
      this.element.remove();
    }

    part(name) {
      return this.element.querySelector(`[data-${name}]`);
    }

    chooseLine() {
      const line = this.part("line");
      if (!line) return;
      const last = this.recall();
      if (last && [...line.options].some((option) => option.value === last)) line.value = last;
      this.noteLine();
    }

    noteLine() {
      const line = this.part("line");
      if (line) this.part("played-note").hidden = !("played" in line.selectedOptions[0].dataset);
    }

    recall() {
      try {
        return localStorage.getItem(this.remembered);
      } catch {
        return null; // a browser that keeps nothing
      }
    }

    remember(line) {
      try {
        localStorage.setItem(this.remembered, line);
      } catch {
        /* a browser that keeps nothing */
      }
    }

    press(event) {
      if (event.target === this.element) return this.element.close(); // beside the dialog
      const button = event.target.closest("button");
      if (!button) return undefined;
      if ("close" in button.dataset) return this.element.close();
      if ("again" in button.dataset) return this.open();
      if ("act" in button.dataset) return this.act(button);
      return undefined;
    }

    call(event) {
      event.preventDefault();
      const form = event.target;
      const button = this.part("call");
      if (button.disabled) return;
      button.disabled = true;
      this.remember(form.elements.line.value);
      this.send(form.action, () => {
        button.disabled = false;
        button.focus();
      });
    }

    act(button) {
      button.disabled = true;
      const done = () => {
        button.disabled = false;
      };
      this.send(`${this.base}${button.dataset.act}`, done, done);
    }

    /* Send the form's secrets to an address of ours; what comes back is how the call goes, or why not. */
    async send(address, failed, worked) {
      const form = this.element.querySelector("form");
      this.trouble("");
      try {
        const { ok, body } = await callhub.json(address, { method: "POST", body: new FormData(form) });
        if (ok) {
          this.news(body);
          if (worked) worked();
        } else {
          this.trouble(body.refusal);
          failed();
        }
      } catch (error) {
        this.trouble(this.words(error instanceof callhub.Gone ? "gone" : "failed"));
        failed();
      }
    }

    words(name) {
      return this.part("trouble").dataset[name];
    }

    trouble(words) {
      const place = this.part("trouble");
      place.textContent = words;
      place.hidden = !words;
    }

    follow(address) {
      this.base = address.replace(/progress$/, "");
      this.watch = callhub.watch(address, {
        news: (body) => this.news(body),
        lost: () => this.trouble(this.words("lost")),
        back: () => this.trouble(""),
        gone: () => this.trouble(this.words("gone")),
      });
    }

    news(body) {
      if (!this.watch) this.begin(body);
      const says = this.part("says");
      if (says.textContent !== body.says) says.textContent = body.says; // said aloud only when it is new
      this.part("pulse").dataset.tone = body.is_live ? body.state : body.result;
      callhub.clock(this.part("clock"), body.seconds, body.is_ticking);
      this.part("reason").textContent = body.reason;
      this.show("simulation", body.is_simulation);
      this.show("leave", body.is_live);
      this.offer("hangup", body.hangs_up);
      this.offer("hold", body.holds && !body.is_held);
      this.offer("unhold", body.holds && body.is_held);
      if (!body.is_live) this.over();
    }

    begin(body) {
      this.part("asking").hidden = true;
      this.part("going").hidden = false;
      this.part("call").hidden = true;
      const page = this.part("page");
      page.href = body.call;
      page.hidden = false;
      this.follow(body.progress);
      this.offer("hangup", body.hangs_up);
      const first = this.element.querySelector("[data-act=hangup]");
      (first.hidden ? page : first).focus();
    }

    over() {
      this.watch.stop();
      const again = this.part("again");
      if (!again.hidden) return;
      again.hidden = false;
      if (!this.element.contains(document.activeElement) || document.activeElement.hidden) this.part("page").focus();
    }

    show(name, shown) {
      this.part(name).hidden = !shown;
    }

    offer(name, offered) {
      const button = this.element.querySelector(`[data-act=${name}]`);
      const had = document.activeElement === button;
      button.hidden = !offered;
      if (had && !offered) this.part("page").focus();
    }
  }

  let current = null; // at most one of ours; a page may have dialogs of its own beside it

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial]");
    if (!button || (current && current.element.isConnected)) return;
    event.preventDefault();
    event.stopPropagation();
    current = new Dialog(button.dataset.dial);
    current.open();
  });
})();
