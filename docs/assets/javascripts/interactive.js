// Brings an interactive figure to life when it comes near. Before that, and without this script,
// its picture stands there.
(() => {
  const folder = new URL("interactive/", document.currentScript.src)
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue
      observer.unobserve(target)
      const name = target.dataset.interactive
      import(new URL(`${name}.js`, folder)).then((module) => module.default(target))
    }
  }, { rootMargin: "100% 0px" })
  for (const figure of document.querySelectorAll("[data-interactive]")) observer.observe(figure)
})()
