/* The page of what is done to many calls: moves its bar while that goes on, and shows itself anew when it is over. */
(() => {
  "use strict";

  const callhub = window.callhub;
  const root = document.querySelector("[data-batch]");
  if (!root) return;
  const part = (name) => root.querySelector(`[data-${name}]`);
  callhub.watch(root.dataset.batch, {
    news(body) {
      if (body.is_over) return location.reload();
      part("bar").max = body.total;
      part("bar").value = body.done;
      if (part("says").textContent !== body.says) part("says").textContent = body.says;
    },
    lost: () => (part("lost").hidden = false),
    back: () => (part("lost").hidden = true),
  });
})();
