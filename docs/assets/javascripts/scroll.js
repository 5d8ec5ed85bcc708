// What scrolls sideways can be reached with the keyboard, and only what does is a stop for it.
(() => {
  const SCROLLERS = ".arithmatex.display, .md-typeset__scrollwrap, .highlight pre, .jp-OutputArea-output"
  const mark = (element) => {
    const scrolls = element.scrollWidth > element.clientWidth
    if (scrolls) {
      element.tabIndex = 0
      element.setAttribute("role", "group")
      element.setAttribute("aria-label", element.matches(".arithmatex") ? "Formula" : "Scrolls sideways")
    } else if (element.getAttribute("role") === "group") {
      for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name)
    }
  }
  const observer = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)))
  document$.subscribe(() => {
    observer.disconnect()
    for (const element of document.querySelectorAll(SCROLLERS)) observer.observe(element)
  })
})()
