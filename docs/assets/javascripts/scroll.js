// What scrolls sideways can be reached with the keyboard, and only what does is a stop for it.
(() => {
  const NAMES = {
    ".arithmatex.display": "Formula",
    "pre code": "Code",
    ".md-typeset__scrollwrap": "Table",
  }
  const mark = (element) => {
    if (element.scrollWidth > element.clientWidth) {
      const name = Object.keys(NAMES).find((selector) => element.matches(selector))
      element.tabIndex = 0
      element.setAttribute("role", "group")
      element.setAttribute("aria-label", NAMES[name])
    } else if (element.getAttribute("role") === "group") {
      for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name)
    }
  }
  // Of a box that keeps its size while what it holds grows, as when a font comes, nothing is heard.
  const observer = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)))
  const watch = () => {
    observer.disconnect()
    for (const element of document.querySelectorAll(Object.keys(NAMES).join())) observer.observe(element)
  }
  document.fonts.addEventListener("loadingdone", watch)
  document$.subscribe(watch)
})()
