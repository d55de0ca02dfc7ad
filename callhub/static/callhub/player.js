/* The player of recordings: a waveform, a few buttons and keys around a plain <audio>; small players on the rows of a list.
 *
 * Without this script the page's <audio controls> plays. The waveform is drawn from what the server computed, so nothing is
 * decoded here, and a file of any length plays at once: the browser asks for the parts it needs (Range).
 */
(() => {
  "use strict";

  const STEP = 5;
  const JUMP = 10;
  let active = null;

  const length = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds || 0));
    const two = (number) => String(number).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    return minutes < 60
      ? `${minutes}:${two(whole % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };

  const ignore = () => undefined; // play() rejects where a pause comes first; the error event tells of everything else

  class Sound {
    constructor(audio, seconds) {
      this.audio = audio;
      this.told = seconds;
      audio.addEventListener("play", () => {
        if (active && active !== this) active.audio.pause();
        active = this;
      });
    }

    get total() {
      return Number.isFinite(this.audio.duration) ? this.audio.duration : this.told;
    }

    toggle() {
      if (this.audio.paused) this.audio.play().catch(ignore);
      else this.audio.pause();
    }

    move(seconds) {
      this.place(Math.min(Math.max(0, this.at + seconds), Math.max(0, this.total - 0.05)));
    }

    get at() {
      return this.audio.currentTime;
    }

    place(at) {
      this.audio.currentTime = at;
    }
  }

  class Player extends Sound {
    constructor(root) {
      super(root.querySelector("audio"), Number(root.dataset.seconds));
      this.wanted = null; // where a seek goes that is under way, in seconds
      this.root = root;
      this.part = (name) => root.querySelector(`[data-${name}]`);
      this.speed = this.part("speed");
      this.button = root.querySelector("[data-do=toggle]");
      this.words = { play: this.button.getAttribute("aria-label"), pause: this.button.dataset.pause };
      this.showParts();
      this.drawWave(JSON.parse(document.getElementById(root.dataset.peaks).textContent));
      this.listen();
      this.tell();
    }

    showParts() {
      this.audio.controls = false;
      this.audio.hidden = true;
      for (const name of ["wave", "controls", "keys"]) this.part(name).hidden = false;
      this.part("total").textContent = length(this.told);
      this.part("wave").setAttribute("aria-valuemax", String(Math.round(this.told)));
    }

    drawWave(peaks) {
      const stereo = peaks.length > 1;
      this.wave = window.WaveSurfer.create({
        container: this.part("wave"),
        media: this.audio,
        peaks: peaks.map((channel) => channel.map((value) => value / 127)),
        duration: this.told,
        height: stereo ? 40 : 64,
        barWidth: 2,
        barGap: 1,
        barRadius: 1,
        barMinHeight: 1,
        maxPeak: Math.max(0.15, ...peaks.flat().map((value) => Math.abs(value) / 127)),
        normalize: true,
        dragToSeek: true,
        ...this.colours(stereo),
      });
      new MutationObserver(() => this.wave.setOptions(this.colours(stereo))).observe(document.documentElement, {
        attributeFilter: ["class"],
      });
    }

    colours(stereo) {
      const style = getComputedStyle(this.root);
      const of = (side) => ({
        waveColor: style.getPropertyValue(`--ch-${side}`).trim(),
        progressColor: style.getPropertyValue(`--ch-${side}-heard`).trim(),
      });
      const cursor = { cursorColor: style.getPropertyValue("--ch-strong").trim(), cursorWidth: 2 };
      return stereo ? { ...cursor, splitChannels: [of("left"), of("right")] } : { ...cursor, ...of("left") };
    }

    listen() {
      this.root.addEventListener("click", (event) => {
        const doing = event.target.closest("[data-do]");
        if (doing) this[doing.dataset.do]();
      });
      this.root.addEventListener("focusin", () => (active = active && !active.audio.paused ? active : this));
      this.speed.addEventListener("change", () => (this.audio.playbackRate = Number(this.speed.value)));
      for (const name of ["play", "pause", "ended", "timeupdate", "seeking", "loadedmetadata"]) {
        this.audio.addEventListener(name, () => this.tell());
      }
      this.wave.on("interaction", (at) => {
        this.wanted = at;
        this.tell();
      });
      this.audio.addEventListener("seeked", () => this.arrive());
      this.audio.addEventListener("error", () => (this.part("trouble").hidden = false));
      this.audio.addEventListener("playing", () => (this.part("trouble").hidden = true));
    }

    /* Before anything is loaded a seek is remembered for the first play, and no event tells of it. */
    get at() {
      return this.wanted ?? this.wave.getCurrentTime();
    }

    place(at) {
      this.wanted = at;
      this.wave.setTime(at);
      this.tell();
    }

    /* Of several seeks in a hurry a browser may carry out one that is not the last. */
    arrive() {
      if (this.wanted !== null && Math.abs(this.audio.currentTime - this.wanted) > 1) this.audio.currentTime = this.wanted;
      else this.wanted = null;
    }

    back() {
      this.move(-JUMP);
    }

    on() {
      this.move(JUMP);
    }

    faster(by) {
      const speeds = [...this.speed.options];
      const next = speeds[this.speed.selectedIndex + by];
      if (!next) return;
      this.speed.value = next.value;
      this.audio.playbackRate = Number(next.value);
    }

    tell() {
      const now = length(this.at);
      this.part("now").textContent = now;
      this.part("total").textContent = length(this.total);
      this.part("wave").setAttribute("aria-valuenow", String(Math.round(this.at)));
      this.part("wave").setAttribute("aria-valuetext", now);
      this.button.setAttribute("aria-label", this.audio.paused ? this.words.play : this.words.pause);
      this.button.firstElementChild.textContent = this.audio.paused ? "play_arrow" : "pause";
    }
  }

  /* On a row of a list: one button. It gets its <audio> when it is first pressed. */
  class Mini extends Sound {
    constructor(link) {
      super(new Audio(), Number(link.dataset.seconds));
      this.link = link;
      this.audio.preload = "none";
      this.audio.src = link.dataset.mini;
      this.words = { play: link.getAttribute("aria-label"), pause: link.dataset.pause };
      for (const name of ["play", "pause", "ended", "timeupdate"]) this.audio.addEventListener(name, () => this.tell());
      this.audio.addEventListener("error", () => window.location.assign(link.href)); // the call's page says what is wrong
    }

    tell() {
      const begun = this.audio.currentTime > 0 && !this.audio.ended;
      this.link.querySelector("[data-now]").textContent = begun
        ? `${length(this.audio.currentTime)} / ${length(this.total)}`
        : length(this.total);
      this.link.firstElementChild.textContent = this.audio.paused ? "play_arrow" : "pause";
      this.link.setAttribute("aria-label", this.audio.paused ? this.words.play : this.words.pause);
      this.link.style.setProperty("--ch-share", `${begun ? (100 * this.audio.currentTime) / this.total : 0}%`);
    }

    faster() {}
  }

  const minis = new WeakMap();

  const press = (event) => {
    const link = event.target.closest("a[data-mini]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (!minis.has(link)) minis.set(link, new Mini(link));
    minis.get(link).toggle();
  };

  const isTyping = (element) =>
    element.isContentEditable || Boolean(element.closest("input, textarea, select, [role=combobox], [role=dialog]"));
  const isPressable = (element) => Boolean(element.closest("a[href], button, summary"));

  const keys = {
    " ": (sound) => sound.toggle(),
    ArrowLeft: (sound, event) => sound.move(event.shiftKey ? -JUMP : -STEP),
    ArrowRight: (sound, event) => sound.move(event.shiftKey ? JUMP : STEP),
    "[": (sound) => sound.faster(-1),
    "]": (sound) => sound.faster(1),
  };

  const pressKey = (event) => {
    const mini = event.target.closest("a[data-mini]");
    if (mini && event.key === " ") {
      event.preventDefault();
      mini.click();
      return;
    }
    const act = keys[event.key];
    if (!active || !act || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(event.target) || (event.key === " " && isPressable(event.target))) return;
    event.preventDefault();
    act(active, event);
  };

  const begin = () => {
    const roots = window.WaveSurfer ? [...document.querySelectorAll("[data-player]")] : []; // else the plain one stays
    const players = roots.map((root) => new Player(root));
    active = players[0] || null;
    for (const link of document.querySelectorAll("a[data-mini]")) link.setAttribute("role", "button");
    document.addEventListener("click", press);
    document.addEventListener("keydown", pressKey);
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
