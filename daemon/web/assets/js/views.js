// Which view is shown: the address after # says it, so a view can be kept as a bookmark.

const VIEWS = ["desk", "history", "compare"];

/** Show the view of the address now and whenever it changes; `enter[view](...parts)` fills it. */
export function followAddress(enter) {
  const go = () => {
    const [first = "desk", ...parts] = location.hash.slice(1).split("/").map(decode);
    const name = first === "charts" || !VIEWS.includes(first) ? "desk" : first;
    for (const view of VIEWS) document.getElementById(`view-${view}`).hidden = view !== name;
    document.documentElement.dataset.view = name;
    markLinks(first || "desk");
    enter[name]?.(...parts);
    settle();
  };
  addEventListener("hashchange", go);
  go();
}

/** Bring the charts into view where the address asks for them; again once the panels are filled. */
export function settle() {
  if (location.hash === "#charts") document.getElementById("charts").scrollIntoView();
}

function markLinks(name) {
  for (const anchor of document.querySelectorAll("nav.views a")) {
    if (anchor.dataset.to === name) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return ""; // not an address that this page made
  }
}
