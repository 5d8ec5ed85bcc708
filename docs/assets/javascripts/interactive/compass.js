// The gradient compass: a dot on the loss map of Model A, a needle, and the slope that the needle meets.
import { brief, eigen, figure, level, mean, plain, plot, show, turn } from "../figure.js"

const LEVELS = [0.3, 1, 3, 10, 30, 60]
const RULERS = { km: 1, "5 km": 5, m: 0.001 } // one unit of the ruler's w in minutes per kilometer: 1 / this
const heading = (x, y) => (Math.atan2(y, x) * 180 / Math.PI + 360) % 360

export default (root) => {
  const { distance, time } = JSON.parse(root.dataset.deliveries)
  const residuals = (w, b) => distance.map((x, i) => w * x + b - time[i])
  const loss = (w, b) => 0.5 * mean(residuals(w, b).map((r) => r * r))
  const gradient = (w, b) => {
    const r = residuals(w, b)
    return [mean(r.map((value, i) => value * distance[i])), mean(r)]
  }
  const hessian = [mean(distance.map((x) => x * x)), mean(distance), 1]
  const shape = eigen(...hessian)
  // Where the gradient is zero: one Newton step from anywhere.
  const best = (() => {
    const [a, c, d] = hessian
    const [p, q] = gradient(0, 0)
    return [(c * q - d * p) / (a * d - c * c), (c * p - a * q) / (a * d - c * c)]
  })()
  const floor = loss(...best)

  // A heading and a step are what they are on the map. The ruler only says how long the step is.
  const along = ({ w, b, step, ruler }, degrees) => {
    const [u, v] = turn(degrees)
    const h = 10 ** step
    const change = loss(w + h * u, b + h * v) - loss(w, b)
    const length = Math.hypot(RULERS[ruler] * u, v)
    const [p, q] = gradient(w, b)
    return { change, measured: change / (h * length), predicted: (p * u + q * v) / length, end: [w + h * u, b + h * v] }
  }
  const facts = (state) => {
    const [p, q] = gradient(state.w, state.b)
    const k = RULERS[state.ruler]
    const up = heading(p / (k * k), q) // the steepest rise for this ruler, as a heading on the map
    return { p, q, up, down: (up + 180) % 360, levels: [90, 270].map((more) => (heading(p, q) + more) % 360).sort((a, b) => a - b),
      size: Math.hypot(p / k, q), flat: Math.hypot(p, q) < 1e-9 }
  }
  const apart = ({ down, levels }) => {
    const gap = Math.abs(down - levels[0]) % 180
    return Math.min(gap, 180 - gap)
  }
  const unit = ({ ruler }) => `per unit, with w in minutes per ${ruler}`

  const map = plot({ label: "Map of the loss over w and b, with the dot and the needle", names: ["w (minutes per km)", "b (minutes)"] })
  const trace = plot({ label: "Measured slope against heading, one dot for each heading tried", names: ["heading on the map (degrees)", "measured slope"], left: 54, height: 300 })
  const w = [-1, 6]
  const b = [3, 10]
  map.limits(w, b)
  const curves = LEVELS.flatMap((value) => level(shape, value - floor, 20)
    .map((points) => points.map(([x, y]) => [best[0] + x, best[1] + y])))
  const names = LEVELS.flatMap((value) => {
    // Written where the curve crosses a horizontal line near the lower edge, on its right side.
    const [a, c, d] = hessian
    const y = b[0] + 0.45 - best[1]
    const root2 = (c * y) ** 2 - a * (d * y * y - 2 * (value - floor))
    const x = best[0] + (-c * y + Math.sqrt(root2)) / a
    return root2 > 0 && x < w[1] ? [[x, b[0] + 0.45, value]] : []
  })
  const tried = new Map()
  let place = ""

  return figure(root, {
    label: "Gradient compass",
    views: [map, trace],
    controls: [
      { kind: "slider", name: "heading", label: "Heading", min: 0, max: 359, fine: 1, step: 5, page: 45, wrap: true, value: 60,
        text: (value) => `${value}°` },
      { kind: "slider", name: "step", label: "Step", min: -4, max: 0.5, fine: 0.1, step: 0.5, page: 1, value: -3,
        text: (value) => brief(10 ** value, 2) },
      { kind: "slider", name: "w", label: "w", min: w[0], max: w[1], fine: 0.01, step: 0.1, page: 1, value: 2,
        text: (value) => `${show(value)} min/km` },
      { kind: "slider", name: "b", label: "b", min: b[0], max: b[1], fine: 0.01, step: 0.1, page: 1, value: 5,
        text: (value) => `${show(value)} min` },
      { kind: "choice", name: "ruler", label: "Ruler: minutes per", options: { km: "km", "5 km": "5 km", m: "m" }, value: "km" },
    ],
    predict: {
      question: "how far apart are a level heading and the heading of steepest fall?",
      options: ["45°", "90°", "180°", "it depends on where the dot is"],
      verdict: (state) => {
        const found = facts(state)
        return found.flat ? "Here every heading is level: the gradient is zero."
          : `Here the loss is level at ${show(found.levels[0], 0)}° and falls most steeply at ${show(found.down, 0)}°: ` +
            `${show(apart(found), 0)}° apart. Move the dot, lengthen the step, change the ruler: what stays?`
      },
    },
    keys: (event, parts) => {
      const way = { BracketLeft: -1, BracketRight: 1 }[event.code]
      if (way) parts.heading.nudge(way, event.shiftKey)
      return way
    },
    drag: (handle, [x, y], state, change) => {
      if (handle === "needle") change("heading", Math.round(heading(x - state.w, y - state.b)) % 360)
      else {
        change("w", Math.min(w[1], Math.max(w[0], Number(x.toFixed(1)))))
        change("b", Math.min(b[1], Math.max(b[0], Number(y.toFixed(1)))))
      }
    },
    reset: () => tried.clear(),
    draw: (state) => {
      const now = [state.w, state.b, state.step, state.ruler].join()
      if (now !== place) tried.clear()
      place = now
      const { measured, end } = along(state, state.heading)
      tried.set(state.heading, measured)
      const found = facts(state)
      const [u, v] = turn(state.heading)
      const tip = [state.w + 1.3 * u, state.b + 1.3 * v]
      const here = [state.w, state.b]
      const known = state.predict >= 0 && !found.flat
      const [s, t] = turn(found.down)
      const [l, m] = turn(found.levels[0])
      map.draw([
        ...curves.map((points) => map.line(points, "level")),
        ...names.map(([x, y, value]) => map.text(x, y, plain(value), "small")),
        map.text(...best, "★", "star", "middle", 0, 6),
        ...(known ? [
          map.line([[state.w - 9 * l, state.b - 9 * m], [state.w + 9 * l, state.b + 9 * m]], "tangent"),
          map.text(state.w + 2.6 * l, state.b + 2.6 * m, "level", "tangent small", "start", 8),
          map.arrow(here, [state.w + 2 * s, state.b + 2 * t], "steepest"),
          map.text(state.w + 2.45 * s, state.b + 2.45 * t, "steepest fall", "steepest small", s < 0 ? "end" : "start", s < 0 ? 14 : -14),
        ] : []),
      ], [
        map.arrow(here, tip, "needle"),
        map.square(...end, "end"),
        map.handle("needle", state.w + 1.47 * u, state.b + 1.47 * v, map.dot(state.w + 1.47 * u, state.b + 1.47 * v, "ring", 5)),
        map.handle("dot", ...here, map.dot(...here, "here", 6)),
      ])
      const all = Array.from({ length: 361 }, (_, degrees) => [degrees, along(state, degrees)])
      const most = 1.12 * Math.max(...all.map(([, { measured: slope }]) => Math.abs(slope)), 1e-6)
      trace.limits([0, 360], [-most, most], [0, 90, 180, 270, 360])
      trace.draw([
        trace.line([[0, 0], [360, 0]], "zero"),
        ...(known ? [trace.line(all.map(([degrees, { predicted }]) => [degrees, predicted]), "curve"),
          trace.text(350, -most, "line: gradient · direction", "curve small", "end", 0, -8)] : []),
        ...[...tried].map(([degrees, slope]) => trace.dot(degrees, slope, "tried", 3)),
      ], [trace.dot(state.heading, measured, "needle", 5.5)])
    },
    readouts: (state) => {
      const { change, measured, predicted } = along(state, state.heading)
      const { size, down, levels, flat } = facts(state)
      const told = [
        ["loss", "Loss at the dot (min²)", loss(state.w, state.b), show(loss(state.w, state.b))],
        ["change", "Its change (min²)", change, brief(change)],
        ["slope", "Measured slope", measured, brief(measured)],
      ]
      if (state.predict < 0) return told
      return [...told, ["predicted", "Gradient · direction", predicted, brief(predicted)],
        ["size", "Steepest slope", size, brief(size)],
        ["cosine", "Cosine, their ratio", predicted / size, flat ? "none" : show(predicted / size)],
        ["down", "Steepest fall at", down, flat ? "none" : `${show(down, 1)}°`],
        ["level", "Level at", levels[0], flat ? "all headings" : `${show(levels[0], 1)}°`]]
    },
    sentence: (state) => {
      const { measured } = along(state, state.heading)
      const found = facts(state)
      const text = `At w ${plain(state.w)}, b ${plain(state.b)}, heading ${state.heading}°, the loss ` +
        `${Math.abs(measured) < 0.005 ? "is level" : `${measured > 0 ? "rises" : "falls"} by ${brief(Math.abs(measured))} ${unit(state)}`}.`
      if (state.predict < 0) return text
      return found.flat ? `${text} The gradient is zero: no heading is steepest.`
        : `${text} Steepest fall is at ${show(found.down, 0)}°, level at ${found.levels.map((value) => show(value, 0)).join("° and ")}°.`
    },
    table: (state) => ({
      head: ["heading", "change", "measured slope", ...(state.predict >= 0 ? ["predicted"] : [])],
      lines: Array.from({ length: 12 }, (_, k) => {
        const { change, measured, predicted } = along(state, 30 * k)
        return [`${30 * k}°`, brief(change), brief(measured), ...(state.predict >= 0 ? [brief(predicted)] : [])]
      }),
    }),
  })
}
