// Filters and sorts the reference table. Without it the table stands there in full, by group.
(() => {
  const enhance = () => {
    const form = document.querySelector(".identity-controls")
    if (!form || !form.hidden) return
    const rows = [...document.querySelectorAll(".identity")]
    const headings = [...form.parentElement.querySelectorAll("h2:not(#references)")]
    const places = rows.map((row) => {
      const mark = document.createComment("")
      row.before(mark)
      return mark
    })
    const words = rows.map((row) => row.textContent.toLowerCase())
    const list = document.createElement("div")
    form.after(list)
    const by = {
      name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
      error: (a, b) => b.dataset.error - a.dataset.error,
    }
    const show = () => {
      const wanted = form.elements.filter.value.toLowerCase().split(/\s+/).filter(Boolean)
      rows.forEach((row, i) => {
        row.hidden = !wanted.every((word) => words[i].includes(word))
      })
      const order = form.elements.sort.value
      if (order) list.append(...[...rows].sort(by[order]))
      else rows.forEach((row, i) => places[i].after(row))
      for (const heading of headings) {
        let next = heading.nextElementSibling
        let some = false
        while (next && next.tagName !== "H2") {
          some ||= next.matches(".identity:not([hidden])")
          next = next.nextElementSibling
        }
        heading.hidden = !some
      }
      const count = rows.filter((row) => !row.hidden).length
      form.elements.count.value = `${count} of ${rows.length} rows`
    }
    form.hidden = false
    form.addEventListener("input", show)
    form.addEventListener("submit", (event) => event.preventDefault())
    // A link to a row must reach it, whatever is filtered.
    addEventListener("hashchange", () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
      if (target?.closest(".identity")?.hidden) {
        form.reset()
        show()
        target.scrollIntoView()
      }
    })
    show()
  }
  if (window.document$) document$.subscribe(enhance)
  else enhance()
})()
