// From bowl to saddle: the entries of a Hessian are sliders; its curvatures have to be found.
import { brief, eigen, figure, level, mean, plain, plot, show, turn } from "../figure.js"

const HEIGHTS = [0.5, 1, 2, 3, 4, 5, 6, 7].map((root) => root * root / 2)
const SIDE = 2 // of the map, from the center
const BALL = [1.5, 1.5] // where a ball is dropped
const KINDS = { minimum: "bowl: a minimum", maximum: "hilltop: a maximum", saddle: "saddle", inconclusive: "open: a curvature is zero" }

const curvature = ({ a, c, d }, degrees) => {
  const [u, v] = turn(degrees)
  return a * u * u + 2 * c * u * v + d * v * v
}

const facts = ({ a, c, d }) => {
  const found = eigen(a, c, d)
  const { low, high } = found
  const [small, large] = [Math.abs(low), Math.abs(high)].sort((p, q) => p - q)
  const zero = (value) => Math.abs(value) <= 1e-10 * large
  const kind = low * high < 0 && !zero(low) && !zero(high) ? "saddle"
    : zero(low) || zero(high) ? "inconclusive" : low > 0 ? "minimum" : "maximum"
  const top = (found.angle * 180 / Math.PI + 180) % 180
  return { ...found, kind, top, bottom: (top + 90) % 180, trace: a + d, det: a * d - c * c,
    kappa: small <= 2 * Number.EPSILON * large ? Infinity : large / small, rate: kind === "minimum" ? 2 / high : NaN }
}

// Gradient flow: each part of the way along an axis shrinks, or grows, at the rate of its curvature.
const flow = ({ low, high, angle }) => {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const [p, q] = [cos * BALL[0] + sin * BALL[1], cos * BALL[1] - sin * BALL[0]]
  const at = (time) => [p * Math.exp(-high * time), q * Math.exp(-low * time)]
  const way = []
  for (let time = 0, k = 0; k < 1200 && way.every(([x, y]) => Math.hypot(x, y) < 4); k++, time = 30 * (k / 1200) ** 3) {
    const [u, v] = at(time)
    way.push([cos * u - sin * v, sin * u + cos * v])
  }
  return way
}

export default (root) => {
  const { distance } = JSON.parse(root.dataset.deliveries)
  const start = [mean(distance.map((x) => x * x)), mean(distance), 1]
  const map = plot({ label: "Level curves around the dot, solid above it and dashed below it, with the line of the cut",
    names: ["step in the first knob", "step in the second knob"] })
  const dial = plot({ label: "Curvature of the cut against its heading", names: ["heading of the cut (degrees)", "curvature"], height: 190 })
  const cut = plot({ label: "The cut through the surface along the heading", names: ["distance from the dot along the cut", "height"], height: 155 })
  map.limits([-SIDE, SIDE], [-SIDE, SIDE], [-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2])
  cut.limits([-SIDE, SIDE], [-14, 24], [-2, -1, 0, 1, 2], [-10, 0, 10, 20])
  const tried = new Map()
  let before = ""
  const entry = (name, label, value, most) => ({ kind: "slider", name, label, min: -most, max: most, fine: 0.01, step: 0.1, page: 1,
    value, text: (number) => show(number) })

  return figure(root, {
    label: "Curvature, from bowl to saddle",
    views: [map, dial, cut],
    controls: [
      entry("c", "entry c", start[1], 8),
      { kind: "slider", name: "heading", label: "Heading", min: 0, max: 179, fine: 1, step: 5, page: 45, wrap: true, value: 60,
        text: (value) => `${value}°` },
      entry("a", "entry a", start[0], 14),
      entry("d", "entry d", start[2], 14),
      { kind: "choice", name: "ball", label: "Ball", options: { no: "none", yes: "dropped" }, value: "no" },
    ],
    predict: {
      question: `with ${plain(start[0])} and ${plain(start[2])} on the diagonal, at which c does the bowl break?`,
      options: ["never, both are positive", `c = ${plain(start[2])}, the smaller one`,
        `c = ${show(Math.sqrt(start[0] * start[2]))}, the root of their product`, `c = ${plain((start[0] + start[2]) / 2)}, their mean`],
      verdict: ({ a, d }) => (a > 0 && d > 0
        ? `With ${plain(a)} and ${plain(d)} it breaks at c = ±${show(Math.sqrt(a * d))}: there the lowest curvature is zero.`
        : "With a diagonal entry that is not positive there is no bowl at any c."),
    },
    keys: (event, parts) => {
      const way = { BracketLeft: -1, BracketRight: 1 }[event.code]
      if (way) parts.heading.nudge(way, event.shiftKey)
      return way
    },
    drag: (handle, [x, y], state, change) =>
      change("heading", (Math.round(Math.atan2(y, x) * 180 / Math.PI) + 360) % 180),
    reset: () => tried.clear(),
    draw: (state) => {
      const now = [state.a, state.c, state.d].join()
      if (now !== before) tried.clear()
      before = now
      const here = curvature(state, state.heading)
      tried.set(state.heading, here)
      const found = facts(state)
      const known = state.predict >= 0
      const [u, v] = turn(state.heading)
      const axis = (degrees, kind, name) => {
        const [x, y] = turn(degrees)
        return [map.line([[-3 * x, -3 * y], [3 * x, 3 * y]], kind), map.text(-1.45 * x, -1.45 * y, name, `${kind} small`)]
      }
      const round = Math.abs(found.high - found.low) < 1e-9
      map.draw([
        ...[...HEIGHTS, 0].flatMap((value) => level(found, value, 6)).map((points) => map.line(points, "level")),
        ...HEIGHTS.flatMap((value) => level(found, -value, 6)).map((points) => map.line(points, "level below")),
        ...(known && !round ? [...axis(found.bottom, "tangent", "lowest"), ...axis(found.top, "curve", "highest")] : []),
        map.line([[-3 * u, -3 * v], [3 * u, 3 * v]], "cut"),
        ...(state.ball === "yes" ? [map.line(flow(found), "path")] : []),
      ], [
        ...(state.ball === "yes" ? [map.square(...BALL, "end", 5)] : []),
        map.dot(0, 0, "here", 6),
        map.handle("cut", 1.7 * u, 1.7 * v, map.dot(1.7 * u, 1.7 * v, "ring", 5)),
      ])
      const span = found.high - found.low
      dial.limits([0, 180], [Math.min(found.low, 0) - 0.12 * span - 0.3, Math.max(found.high, 0) + 0.12 * span + 0.3], [0, 45, 90, 135, 180])
      const all = Array.from({ length: 181 }, (_, degrees) => [degrees, curvature(state, degrees)])
      dial.draw([
        dial.line([[0, 0], [180, 0]], "zero"),
        ...(known ? [dial.line(all, "curve")] : []),
        ...[...tried].map(([degrees, value]) => dial.dot(degrees, value, "tried", 3)),
        ...(known && !round ? [dial.text(found.top, found.high, "▲", "curve", "middle", 0, -4),
          dial.text(found.bottom, found.low, "▼", "tangent", "middle", 0, 14)] : []),
      ], [dial.dot(state.heading, here, "needle", 5.5)])
      cut.draw([
        cut.line([[-SIDE, 0], [SIDE, 0]], "zero"),
        cut.line(Array.from({ length: 81 }, (_, k) => (k / 40 - 1) * SIDE).map((t) => [t, here * t * t / 2]), "cut"),
      ], [cut.dot(0, 0, "here", 4)])
    },
    readouts: (state) => {
      const here = curvature(state, state.heading)
      const told = [["curvature", `Curvature at ${state.heading}°`, here, show(here)]]
      if (state.predict < 0) return told
      const { low, high, bottom, top, trace, det, kappa, kind, rate } = facts(state)
      return [...told, ["kind", "A critical point here", kind, KINDS[kind]],
        ["low", "Lowest curvature", low, show(low, 3)], ["bottom", "its heading", bottom, `${show(bottom, 1)}°`],
        ["high", "Highest curvature", high, show(high, 3)], ["top", "its heading", top, `${show(top, 1)}°`],
        ["trace", "Sum, a + d", trace, show(trace)], ["det", "Product, ad − c²", det, show(det)],
        ["kappa", "Condition number", kappa, brief(kappa)], ["rate", "Safe rate, below", rate, Number.isNaN(rate) ? "no minimum" : show(rate, 4)]]
    },
    sentence: (state) => {
      const cross = `Cross entry ${plain(state.c)}`
      if (state.predict < 0) return `${cross}: along heading ${state.heading}° the curvature is ${show(curvature(state, state.heading))}.`
      const { low, high, bottom, top, kind } = facts(state)
      return `${cross}: curvature from ${show(low)} (heading ${show(bottom, 0)}°) to ${show(high)} (${show(top, 0)}°): ${KINDS[kind]}.` +
        (state.ball === "yes" ? ` A ball that is let go rolls ${low > 0 ? "to the dot, first down the wall, then along the floor" : low < 0 ? "off the map" : "to the floor and stays there"}.` : "")
    },
    table: (state) => ({
      head: ["heading", "curvature", "height at distance 1"],
      lines: Array.from({ length: 12 }, (_, k) => [`${15 * k}°`, show(curvature(state, 15 * k), 3), show(curvature(state, 15 * k) / 2, 3)]),
    }),
  })
}
