// Brings an interactive figure to life when it comes near. Before that, and without this script,
// its picture stands there.
(() => {
  const folder = new URL("interactive/", document.currentScript.src)
  const loaded = new Map()
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue
      observer.unobserve(target)
      const name = target.dataset.interactive
      import(new URL(`${name}.js`, folder)).then((module) => {
        loaded.set(name, module.default)
        module.default(target)
      })
    }
  }, { rootMargin: "100% 0px" })
  document$.subscribe(() => {
    observer.disconnect()
    for (const figure of document.querySelectorAll("[data-interactive]:not(.is-live)")) {
      // The theme draws a page again when a link within it is followed. What was alive must be so at
      // once, in the height that it had, or the reader lands beside the target of the link.
      const start = loaded.get(figure.dataset.interactive)
      if (start) start(figure)
      else observer.observe(figure)
    }
  })
})()
