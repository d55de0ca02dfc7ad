/* News of something that goes on, for whoever shows it: asked for when a stream of changes says that there is some, and every
 * second where there is no stream.
 *
 *   const watch = callhub.watch(address, { news(data), lost(), back(), gone(), by(word) }, stream);
 *   watch.stop(); watch.hurry();
 *
 * Nothing else in these scripts knows how news comes. `lost` is told once when an answer fails to come, `back` once when one
 * comes again, `gone` when none will: signed out, or no right to see it. `by` is told "stream" or "asking".
 */
(() => {
  "use strict";

  const EVERY = 1000;
  const SLOWEST = 10000;
  const CALM = 15000; // beside a stream: for what changes without anybody writing it down
  const REFUSED = 60000; // until a stream that was refused is asked for again
  const GATHERED = 500; // between two questions, however many changes a stream tells of
  const callhub = (window.callhub = window.callhub || {});

  callhub.Gone = class extends Error {};

  /* The JSON of an answer. A page instead of JSON is the log-in. */
  callhub.json = async (address, options) => {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin", ...options });
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (!isJson && (answer.redirected || [200, 403, 404].includes(answer.status))) throw new callhub.Gone();
    if (!isJson) throw new Error(`answer ${answer.status}`);
    return { ok: answer.ok, body: await answer.json() };
  };

  /* A stream of changes, for as long as the page is looked at: a server has room for few. */
  const listen = (address, { change, state }) => {
    let source = null;
    let again = 0;

    const close = () => {
      clearTimeout(again);
      if (source) source.close();
      source = null;
      state(false);
    };
    const open = () => {
      close();
      if (document.hidden) return;
      source = new EventSource(address);
      source.addEventListener("open", () => state(true));
      source.addEventListener("change", change);
      source.addEventListener("error", () => {
        state(false); // the browser comes back by itself, but not to one who refused it
        if (source && source.readyState === EventSource.CLOSED) again = setTimeout(open, REFUSED);
      });
    };
    document.addEventListener("visibilitychange", open);
    open();
    return () => {
      document.removeEventListener("visibilitychange", open);
      close();
    };
  };

  callhub.watch = (address, told, stream) => {
    let stopped = false;
    let lost = false;
    let streams = false;
    let moves = false; // by being asked alone: what a simulator plays
    let asking = false;
    let changed = false; // since it was last asked for
    let askedAt = -GATHERED;
    let timer = 0;
    let wait = EVERY;
    let turn = 0;
    let unlisten = () => {};

    const plan = (milliseconds) => {
      clearTimeout(timer); // never two questions on their way at once
      timer = setTimeout(ask, milliseconds);
    };
    const untilAgain = () => Math.max(0, askedAt + GATHERED - performance.now());

    const ask = async () => {
      const mine = ++turn; // a hurried question makes the one before it void
      clearTimeout(timer);
      asking = true;
      changed = false;
      askedAt = performance.now();
      const patience = new AbortController();
      const limit = setTimeout(() => patience.abort(), SLOWEST);
      try {
        const { body } = await callhub.json(address, { signal: patience.signal });
        if (stopped || mine !== turn) return;
        if (lost && told.back) told.back();
        lost = false;
        moves = Boolean(body.moves);
        wait = streams && !moves ? CALM : EVERY;
        told.news(body);
      } catch (error) {
        if (stopped || mine !== turn) return;
        if (error instanceof callhub.Gone) {
          stopped = true;
          unlisten();
          if (told.gone) told.gone();
          return;
        }
        if (!lost && told.lost) told.lost();
        lost = true;
        wait = Math.min((wait === CALM ? EVERY : wait) * 1.5, SLOWEST);
      } finally {
        clearTimeout(limit);
        if (mine === turn) asking = false;
      }
      if (!stopped && mine === turn) plan(changed && !lost ? untilAgain() : wait);
    };

    const hurry = () => {
      if (!stopped) ask();
    };

    /* Soon, and once for all that happens meanwhile. */
    const gather = () => {
      changed = true;
      if (stopped || asking) return;
      if (untilAgain() > 0) plan(untilAgain());
      else ask();
    };

    ask();
    if (stream && window.EventSource) {
      unlisten = listen(stream, {
        change: gather,
        state(isOpen) {
          if (told.by) told.by(isOpen ? "stream" : "asking");
          const was = streams;
          streams = isOpen;
          if (was !== isOpen) gather(); // what happened between the two
        },
      });
    }
    return {
      stop() {
        stopped = true;
        clearTimeout(timer);
        unlisten();
      },
      hurry,
    };
  };

  /* Clocks that tick by themselves between two answers: an element, and how many seconds it stood at when it was told. */
  const clocks = new Map();

  callhub.length = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const two = (number) => String(number).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    return minutes < 60
      ? `${minutes}:${two(whole % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };

  const show = (element, { seconds, since, ticks }) => {
    const passed = ticks ? (performance.now() - since) / 1000 : 0;
    const text = callhub.length(seconds + passed);
    if (element.textContent !== text) element.textContent = text;
  };

  callhub.clock = (element, seconds, ticks) => {
    const kept = clocks.get(element);
    const passed = kept ? kept.seconds + (performance.now() - kept.since) / 1000 : NaN;
    if (ticks && Math.abs(passed - seconds) < 1.5) return; // it goes right; an answer's way here is no reason to step back
    const clock = { seconds, ticks, since: performance.now() };
    if (ticks) clocks.set(element, clock);
    else clocks.delete(element);
    show(element, clock);
  };

  /* Leave a clock at what it shows. */
  callhub.halt = (element) => clocks.delete(element);

  setInterval(() => {
    for (const [element, clock] of clocks) {
      if (element.isConnected) show(element, clock);
      else clocks.delete(element);
    }
  }, 250);
})();
