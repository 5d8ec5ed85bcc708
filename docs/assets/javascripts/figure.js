// What the interactive figures share: controls, plots, the sentence, the table, the prediction, and
// the state in the address. A figure is a specification; this file makes the page of it.

const PAUSE = 400 // milliseconds without a change before the sentence is spoken

const filled = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "")
    else if (value !== false && value !== undefined) node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}
export const html = (name, attributes = {}, ...children) =>
  filled(document.createElement(name), attributes, children)
export const svg = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children)

// A number with a true minus sign, and never minus zero.
export const show = (value, digits = 2) => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "none" : value > 0 ? "∞" : "−∞"
  const text = value.toFixed(digits)
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−")
}
export const brief = (value, digits = 3) => {
  if (!Number.isFinite(value) || value === 0) return show(value, 0)
  const size = Math.floor(Math.log10(Math.abs(value)))
  if (size >= -4 && size < 6) return show(value, Math.max(0, digits - 1 - size))
  return value.toExponential(digits - 1).replace("e+", "e").replace(/^-/, "−")
}
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
export const turn = (degrees) => [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)]

// A round number as it is written by hand.
export const plain = (value) => String(Number(value.toPrecision(6))).replace("-", "−")

// Plots

let clips = 0
const ticks = ([low, high], count = 5) => {
  const rough = (high - low) / count
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough)
  const found = []
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step)
  return found
}

// Axes with names, ticks and a frame; `draw` puts marks into it. Limits may change with each drawing.
export const plot = ({ label, names, width = 340, height = 340, left = 44, format = [plain, plain] }) => {
  const clip = `interactive-clip-${clips++}`
  const box = { x: left, y: 26, width: width - left - 10, height: height - 26 - 42 }
  const frame = svg("g", { class: "frame" })
  const inside = svg("g", { "clip-path": `url(#${clip})` })
  const over = svg("g")
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", box))), frame, inside, over)
  const view = {
    node,
    X: (x) => box.x + box.width * (x - view.x[0]) / (view.x[1] - view.x[0]),
    Y: (y) => box.y + box.height * (view.y[1] - y) / (view.y[1] - view.y[0]),
    // The place in the plot under a pointer.
    at: (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse())
      return [view.x[0] + (point.x - box.x) / box.width * (view.x[1] - view.x[0]),
        view.y[1] - (point.y - box.y) / box.height * (view.y[1] - view.y[0])]
    },
    limits: (x, y, xticks = ticks(x), yticks = ticks(y)) => {
      Object.assign(view, { x, y })
      const bottom = box.y + box.height
      frame.replaceChildren(
        svg("rect", { ...box, class: "paper" }),
        ...xticks.flatMap((tick) => [
          svg("path", { d: `M${view.X(tick)},${box.y}v${box.height}`, class: "grid" }),
          svg("text", { x: view.X(tick), y: bottom + 17, "text-anchor": "middle" }, format[0](tick)),
        ]),
        ...yticks.flatMap((tick) => [
          svg("path", { d: `M${box.x},${view.Y(tick)}h${box.width}`, class: "grid" }),
          svg("text", { x: box.x - 6, y: view.Y(tick) + 4, "text-anchor": "end" }, format[1](tick)),
        ]),
        svg("text", { x: box.x + box.width / 2, y: height - 6, "text-anchor": "middle", class: "name" }, names[0]),
        svg("text", { x: 2, y: 15, class: "name" }, names[1]),
      )
    },
    line: (points, kind) => svg("path", { class: kind, d: points.map(([x, y], k) =>
      `${k ? "L" : "M"}${view.X(x).toFixed(2)},${view.Y(y).toFixed(2)}`).join("") }),
    text: (x, y, words, kind = "", anchor = "middle", dx = 0, dy = 4) =>
      svg("text", { x: view.X(x) + dx, y: view.Y(y) + dy, "text-anchor": anchor, class: `halo ${kind}` }, words),
    dot: (x, y, kind, r = 5) => svg("circle", { cx: view.X(x), cy: view.Y(y), r, class: kind }),
    // A mark with room for a finger around it. The sliders do the same from the keyboard.
    handle: (name, x, y, mark) => svg("g", { "data-handle": name }, view.dot(x, y, "grip", 18), mark),
    square: (x, y, kind, r = 4) =>
      svg("rect", { x: view.X(x) - r, y: view.Y(y) - r, width: 2 * r, height: 2 * r, class: kind }),
    arrow: ([x0, y0], [x1, y1], kind) => {
      const [a, b, c, d] = [view.X(x0), view.Y(y0), view.X(x1), view.Y(y1)]
      const long = Math.hypot(c - a, d - b) || 1
      const [u, v] = [(c - a) / long, (d - b) / long]
      const [e, f] = [c - 9 * u, d - 9 * v]
      return svg("g", { class: kind }, svg("path", { d: `M${a},${b}L${e},${f}`, class: "shaft" }),
        svg("path", { d: `M${c},${d}L${e - 4.5 * v},${f + 4.5 * u}L${e + 4.5 * v},${f - 4.5 * u}Z`, class: "head" }))
    },
    draw: (marks, above = []) => { inside.replaceChildren(...marks); over.replaceChildren(...above) },
  }
  return view
}

// Quadratics in the plane

// Eigenvalues of [[a, c], [c, d]] and the heading of the larger one, in radians.
export const eigen = (a, c, d) => {
  const mean = (a + d) / 2
  const radius = Math.hypot((a - d) / 2, c)
  const large = mean + (mean < 0 ? -radius : radius)
  // The product of the two is the determinant: no cancellation.
  const small = large === 0 ? 0 : (a * d - c * c) / large
  return { low: Math.min(large, small), high: Math.max(large, small), angle: Math.atan2(c, (a - d) / 2) / 2 }
}

// The curves on which ½ dᵀHd has a value, as offsets from the center, out to a distance.
export const level = ({ low, high, angle }, value, reach) => {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const turned = (u, v) => [u * cos - v * sin, u * sin + v * cos]
  // Points are densest where the curve bends most: at the ends of an ellipse, at the tip of a hyperbola.
  const branches = (a, b, place) => [1, -1].map((side) => Array.from({ length: 97 }, (_, k) => {
    const t = k / 48 - 1
    const half = Math.sqrt(Math.abs(b))
    const v = b > 0 ? Math.min(half, reach) * Math.sin(t * Math.PI / 2)
      : half < Infinity ? half * Math.sinh(t * Math.asinh(reach / half)) : t * reach
    return place(side * Math.sqrt(Math.max(0, a * (1 - v * v / b))), v)
  }))
  // Squares of the half axes. Without curvature an axis has no end, and crosses no curve.
  const [a, b] = [high, low].map((size) => (size === 0 ? -Infinity : 2 * value / size))
  if (value === 0) {
    if (low * high >= 0) return []
    const ratio = Math.sqrt(-low / high)
    return [1, -1].map((side) => [-reach, reach].map((v) => turned(side * ratio * v, v)))
  }
  if (a > 0) return branches(a, b, turned)
  return b > 0 ? branches(b, a, (v, u) => turned(u, v)) : []
}

// Controls

const slider = (control, state, change) => {
  const { name, min, fine, step, page, wrap } = control
  const top = () => control.limit?.(state) ?? control.max
  const digits = Math.max(0, Math.ceil(-Math.log10(fine) - 1e-9))
  const input = html("input", { type: "range", id: control.id, name, min, max: control.max, step: fine, "data-step": step, "data-page": page })
  const value = html("span", { class: "value" })
  const set = (number) => {
    const span = top() - min + fine
    const inside = wrap ? (((number - min) % span) + span) % span + min : Math.min(top(), Math.max(min, number))
    change(name, Number((Math.round(inside / fine) * fine).toFixed(digits)))
    input.value = state[name] // also where a drag was rounded to the value that it had
  }
  let pointer = false
  input.addEventListener("pointerdown", () => { pointer = true })
  for (const end of ["pointerup", "pointercancel"]) input.addEventListener(end, () => { pointer = false })
  input.addEventListener("input", () => {
    const number = Number(input.value)
    set(pointer && number > min && number < top() ? Math.round(number / step) * step : number)
  })
  input.addEventListener("keydown", (event) => {
    const turn = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 1, PageDown: -1 }[event.key]
    if (!turn || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    set(state[name] + turn * (event.key.startsWith("Page") ? page : event.shiftKey ? fine : step))
  })
  const node = html("div", { class: "control" }, html("label", { for: input.id }, control.label), input, value)
  const update = () => {
    input.max = top()
    input.value = state[name]
    value.textContent = control.text(state[name])
    input.setAttribute("aria-valuetext", control.text(state[name]))
  }
  return { node, update, nudge: (turn, fineStep) => set(state[name] + turn * (fineStep ? fine : step)),
    read: (text) => (text !== "" && Number(text) >= min && Number(text) <= control.max ? Number(text) : undefined) }
}

const choice = (control, state, change) => {
  const inputs = Object.entries(control.options).map(([value, label]) => {
    const input = html("input", { type: "radio", name: control.id, value })
    input.addEventListener("change", () => change(control.name, value))
    return [input, html("label", {}, input, label)]
  })
  return {
    node: html("fieldset", { class: "choice" }, html("legend", {}, control.label), ...inputs.map(([, label]) => label)),
    update: () => {
      for (const [input] of inputs) {
        input.checked = input.value === state[control.name]
        input.disabled = Boolean(control.disabled?.(state))
      }
    },
    read: (text) => (Object.hasOwn(control.options, text) ? text : undefined),
  }
}

const button = (control, state, change) => {
  const node = html("button", { type: "button", name: control.name }, control.label)
  const press = () => control.press(state, change)
  node.addEventListener("click", press)
  return { node, press, update: () => { node.disabled = Boolean(control.disabled?.(state)) }, read: (text) => control.read?.(text) }
}
const KINDS = { slider, choice, button }

const prediction = ({ id, question, options, verdict }, state, change) => {
  const inputs = options.map((option, k) => {
    const input = html("input", { type: "radio", name: id, value: k })
    return [input, html("label", {}, input, option)]
  })
  const ready = html("button", { type: "button", disabled: true }, "Check")
  const asked = html("fieldset", { class: "choice" }, html("legend", {}, `Predict first: ${question}`),
    ...inputs.map(([, label]) => label), ready)
  const answer = html("p", { class: "verdict", tabindex: -1 })
  let moved = false // whether the reader is to be led to the verdict
  asked.addEventListener("change", () => { ready.disabled = false })
  ready.addEventListener("click", () => {
    moved = true
    change("predict", inputs.findIndex(([input]) => input.checked))
  })
  return {
    node: html("div", { class: "predict" }, asked, answer),
    update: () => {
      asked.hidden = state.predict >= 0
      answer.hidden = state.predict < 0
      if (state.predict < 0) return
      answer.textContent = `You predicted: ${options[state.predict]}. ${verdict(state)}`
      if (moved) answer.focus()
      moved = false
    },
    clear: () => {
      for (const [input] of inputs) input.checked = false
      ready.disabled = true
    },
    read: (text) => (Object.hasOwn(options, text) ? Number(text) : undefined),
  }
}

// The address: only what differs from the start, under the figure's own name.

const written = (state, start) => Object.keys(start).filter((key) => state[key] !== start[key])
  .map((key) => `${key}:${state[key]}`).join(",")

const toAddress = (name, text) => {
  const address = new URL(location)
  const rest = address.search.slice(1).split("&").filter((part) => part && part.split("=")[0] !== name)
  address.search = [...rest, ...(text ? [`${name}=${text}`] : [])].join("&")
  if (address.href !== location.href) history.replaceState(history.state, "", address)
}

const fromAddress = (name) => (new URLSearchParams(location.search).get(name) ?? "").split(",")
  .map((part) => part.split(":")).filter((pair) => pair.length === 2)

// The theme writes links within the page out in full, with the query that the page came with, and may
// draw the page again when one is followed. With the query of now the figures find their state again.
addEventListener("click", (event) => {
  const link = event.target.closest("a[href]")
  if (link?.hash && link.origin === location.origin && link.pathname === location.pathname) link.search = location.search
}, true)

// The figure

// In the body, outside of what the theme replaces when the reader turns the page.
const style = html("link", { rel: "stylesheet", href: new URL("../stylesheets/interactive.css", import.meta.url) })
document.body.append(style)

export const figure = (root, spec) => {
  const name = root.dataset.interactive
  const start = { predict: -1, ...Object.fromEntries(spec.controls.filter((c) => "value" in c).map((c) => [c.name, c.value])) }
  const state = { ...start }
  let speaking, frame
  const change = (key, value) => {
    if (state[key] === value) return
    state[key] = value
    later()
  }
  const parts = Object.fromEntries(spec.controls.map((c) =>
    [c.name, KINDS[c.kind]({ ...c, id: `${name}-${c.name}` }, state, change)]))
  if (spec.predict) parts.predict = prediction({ ...spec.predict, id: `${name}-predict` }, state, change)
  const read = () => {
    for (const [key, text] of fromAddress(name)) {
      if (Object.hasOwn(parts, key)) state[key] = parts[key].read(text) ?? state[key]
    }
  }

  const readouts = html("dl", { class: "readouts" })
  const sentence = html("p", { class: "sentence", role: "status" })
  const rows = html("details", { class: "values" }, html("summary", {}, "The same as a table"))
  const reset = html("button", { type: "button", class: "reset" }, "Start again")
  const body = html("div", { class: "interactive", role: "group", "aria-label": spec.label },
    spec.views[0].node,
    html("div", { class: "controls" }, ...spec.controls.map((c) => parts[c.name].node), reset),
    ...(spec.predict ? [parts.predict.node] : []),
    html("div", { class: "beside" }, ...spec.views.slice(1).map((view) => view.node)),
    html("div", { class: "told" }, readouts, sentence, rows))

  const table = () => {
    if (!rows.open) return
    const { head, lines } = spec.table(state)
    rows.querySelector("table")?.remove()
    rows.append(html("table", { class: "rows" },
      html("thead", {}, html("tr", {}, ...head.map((cell) => html("th", { scope: "col" }, cell)))),
      html("tbody", {}, ...lines.map((line) => html("tr", {}, ...line.map((cell) => html("td", {}, cell)))))))
  }
  const told = () => {
    if (!root.isConnected) return // the reader has turned the page
    const words = spec.sentence(state)
    if (sentence.textContent !== words) sentence.textContent = words
    table()
    toAddress(name, written(state, start))
  }
  const draw = () => {
    frame = undefined
    root.classList.toggle("is-revealed", !spec.predict || state.predict >= 0)
    for (const part of Object.values(parts)) part.update()
    spec.draw(state)
    readouts.replaceChildren(...spec.readouts(state).map(([key, label, value, text]) =>
      html("div", {}, html("dt", {}, label), html("dd", { "data-name": key, "data-value": value }, text))))
    clearTimeout(speaking)
    speaking = setTimeout(told, PAUSE)
  }
  // All changes within one frame of the screen are drawn together.
  const later = () => { frame ??= requestAnimationFrame(draw) }

  const restart = () => {
    Object.assign(state, start)
    parts.predict?.clear()
    spec.reset?.()
    later()
  }
  reset.addEventListener("click", restart)
  rows.addEventListener("toggle", table)
  body.addEventListener("keydown", (event) => {
    if (event.key === "Escape") restart()
    else if (!spec.keys?.(event, parts)) return
    event.preventDefault()
    event.stopPropagation() // the theme has keys of its own
  })
  for (const view of spec.views) {
    let held
    view.node.addEventListener("pointerdown", (event) => {
      held = event.target.closest("[data-handle]")?.dataset.handle
      if (!held) return
      event.preventDefault()
      view.node.setPointerCapture(event.pointerId)
      spec.press?.(held, state, change)
    })
    view.node.addEventListener("pointermove", (event) => { if (held) spec.drag?.(held, view.at(event), state, change) })
    for (const end of ["pointerup", "pointercancel"]) view.node.addEventListener(end, () => { held = undefined })
  }

  read()
  draw()
  told()
  const place = () => {
    root.querySelector("img").before(body)
    root.classList.add("is-live")
  }
  if (style.sheet) place()
  else for (const end of ["load", "error"]) style.addEventListener(end, place, { once: true })
}
