/* The page of a request to call follows it while it goes on, and shows itself anew when it has ended or come further. */
(() => {
  "use strict";

  const callhub = window.callhub;
  const root = document.querySelector("[data-follow]");
  if (!root) return;
  const says = root.querySelector("[data-says]");
  const clock = root.querySelector("[data-clock]");
  let state = null;
  callhub.clock(clock, Number(clock.dataset.seconds), true);
  callhub.watch(root.dataset.follow, {
    news(body) {
      if (!body.is_live || (state && state !== body.state)) return location.reload(); // legs and timeline are new, too
      state = body.state;
      if (says.textContent !== body.says) says.textContent = body.says;
      return callhub.clock(clock, body.seconds, body.is_ticking);
    },
  });
})();
