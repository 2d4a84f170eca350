/* Charts that are made as they come near the view, a few alive at a time. */
(() => {
"use strict";
const ALIVE_MAX = 6;
const seen = new Set();                  // watched elements that are in view or close to it
const watched = new Map();               // element -> {make, chart}
const observer = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) seen.add(target); else seen.delete(target);
  }
  balance();
}, {rootMargin: "300px 0px"});
let isDue = false;
addEventListener("scroll", () => {
  if (isDue || seen.size <= ALIVE_MAX) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; balance(); });
}, {passive: true, capture: true});

/** Keep the charts alive that are nearest to the middle of the view, and no others. */
function balance() {
  const far = element => {
    const {top, bottom} = element.getBoundingClientRect();
    return Math.abs((top + bottom - innerHeight) / 2);
  };
  const near = new Set([...seen].map(element => [far(element), element])
    .sort((a, b) => a[0] - b[0]).slice(0, ALIVE_MAX).map(([, element]) => element));
  for (const [element, one] of watched) {
    if (!one.chart || near.has(element)) continue;
    element.style.minHeight = `${element.offsetHeight}px`;  // so that the page does not jump
    one.chart.destroy();
    one.chart = null;
  }
  for (const element of near) {
    const one = watched.get(element);
    if (one.chart) continue;
    one.chart = one.make();
    element.style.minHeight = "";
  }
}

/** Call `make` (it returns a chart) when `element` comes into view; return {destroy()}. */
function whenSeen(element, make) {
  element.classList.add("fno-chart");
  watched.set(element, {make, chart: null});
  observer.observe(element);
  return {
    destroy() {
      observer.unobserve(element);
      watched.get(element)?.chart?.destroy();
      watched.delete(element);
      seen.delete(element);
    },
  };
}

Object.assign(FnoChartParts, {whenSeen});
})();
