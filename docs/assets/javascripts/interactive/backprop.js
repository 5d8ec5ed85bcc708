// The graph of Model A on two deliveries: slopes on the edges, swept backward or forward, edge by edge.
import { figure, plain, plot, show, svg } from "../figure.js"

const NODES = { w: [52, 70], b: [52, 230], r1: [190, 70], r2: [190, 230], L: [312, 150] }
const HELD = Object.keys(NODES)
const NUDGE = 0.01
const short = (value) => plain(Number(value.toFixed(4)))

export default (root) => {
  const { distance, time } = JSON.parse(root.dataset.deliveries)
  const [x1, x2] = distance
  const [y1, y2] = time
  // One line of the program for each node.
  const run = ({ w, b }, nudged, by) => {
    const value = {}
    const set = (node, number) => { value[node] = number + (node === nudged ? by : 0) }
    set("w", w)
    set("b", b)
    set("r1", x1 * value.w + value.b - y1)
    set("r2", x2 * value.w + value.b - y2)
    set("L", (value.r1 ** 2 + value.r2 ** 2) / 4)
    return value
  }
  // The local slopes, in the order of the backward sweep.
  const edges = (state) => {
    const { r1, r2 } = run(state)
    return [["r1", "L", r1 / 2], ["r2", "L", r2 / 2], ["w", "r1", x1], ["b", "r1", 1], ["w", "r2", x2], ["b", "r2", 1]]
  }
  // What happens: one multiplication for each edge. Backward, the head gives to the tail, in one sweep;
  // forward, the tail gives to the head, in one sweep for each input.
  const events = (state) => {
    const all = edges(state)
    if (state.way === "reverse") return all.map(([tail, head, slope]) => ({ tail, head, slope, from: head, to: tail, seed: "L" }))
    return ["w", "b"].flatMap((seed) => [...all.filter(([tail]) => tail === seed), ...all.filter(([, head]) => head === "L")]
      .map(([tail, head, slope]) => ({ tail, head, slope, from: tail, to: head, seed })))
  }
  const sweep = (state) => {
    const all = events(state)
    let held = { [all[0].seed]: 1 }
    let parts = {}
    let seed = all[0].seed
    return [{ held, parts, seed }, ...all.map((event) => {
      if (event.seed !== seed) [held, parts, seed] = [{ [event.seed]: 1 }, {}, event.seed]
      const given = event.slope * held[event.from]
      const before = state.rule === "add" ? parts[event.to] ?? [] : []
      parts = { ...parts, [event.to]: [...before, given] }
      held = { ...held, [event.to]: parts[event.to].reduce((sum, part) => sum + part, 0) }
      return { ...event, given, held, parts }
    })]
  }
  const now = (state) => {
    const all = sweep(state)
    const done = Math.min(state.done, all.length - 1)
    return { all, done, last: all.length - 1, ...all[done] }
  }
  // The check: move one number, run the program again, and look at what it does.
  const nudge = (state, node, seed) => {
    const [moved, seen] = seed === "L" ? [node, "L"] : [seed, node]
    return (run(state, moved, NUDGE)[seen] - run(state, moved, -NUDGE)[seen]) / (2 * NUDGE)
  }

  const drawing = svg("svg", { viewBox: "0 0 360 300", role: "img",
    "aria-label": "Graph: w and b each lead to r1 and r2, and both of these to L, with a slope on every edge" })
  const bars = plot({ label: "What each node holds, as bars, with the nudge check as rings", names: ["slope", "what each node holds"],
    left: 34, height: 300, format: [plain, (y) => HELD[4 - y] ?? ""] })
  const name = (node) => (node.length > 1 ? [node[0], svg("tspan", { dy: 3, "font-size": "9px" }, node[1])] : [node])

  return figure(root, {
    label: "Backpropagation, edge by edge",
    views: [{ node: drawing }, bars],
    controls: [
      { kind: "slider", name: "done", label: "Edges", min: 0, max: 8, fine: 1, step: 1, page: 2, value: 2,
        limit: (state) => events(state).length, text: (value) => `${value} done` },
      { kind: "button", name: "next", label: "Next edge (N)", press: (state, change) => change("done", Math.min(now(state).last, state.done + 1)),
        disabled: (state) => state.done >= now(state).last },
      { kind: "slider", name: "w", label: "w", min: -5, max: 10, fine: 0.1, step: 0.5, page: 2, value: 0, text: (value) => `${show(value, 1)} min/km` },
      { kind: "slider", name: "b", label: "b", min: -5, max: 15, fine: 0.1, step: 0.5, page: 2, value: 0, text: (value) => `${show(value, 1)} min` },
      { kind: "choice", name: "way", label: "Sweep:", options: { reverse: "backward", forward: "forward" }, value: "reverse" },
      { kind: "choice", name: "rule", label: "At a fork:", options: { add: "add", overwrite: "overwrite" }, value: "add",
        disabled: (state) => state.predict < 0 },
      { kind: "choice", name: "nudge", label: "Nudge:", options: Object.fromEntries(["w", "b", "r1", "r2"].map((node) => [node, node])), value: "b" },
    ],
    predict: (() => {
      const [first, second] = sweep({ w: 0, b: 0, way: "reverse", rule: "add" }).at(-1).parts.b
      return {
        question: `a program assigns where it should add. What does b hold at the end, instead of ${short(first + second)}?`,
        options: [`${short(first)}, from the first delivery`, `${short(second)}, from the second`, `${short((first + second) / 2)}, their mean`, "0"],
        verdict: () => `The edge that comes last wins: ${short(second)} at w = b = 0. Choose “overwrite” and sweep: ` +
          "the number is plausible, and only the nudge disagrees.",
      }
    })(),
    keys: (event, parts) => event.key.toLowerCase() === "n" && !event.ctrlKey && !event.metaKey && (parts.next.press(), true),
    press: (node, state, change) => { if (node !== "L") change("nudge", node) },
    draw: (state) => {
      const value = run(state)
      const { all, done, held, parts, seed, from, to } = now(state)
      const used = new Set(all.slice(1, done + 1).filter((event) => event.seed === seed).map(({ tail, head }) => `${tail} ${head}`))
      const marks = edges(state).flatMap(([tail, head, slope]) => {
        const fresh = [tail, head].includes(from) && [tail, head].includes(to)
        const kind = fresh ? "fresh" : used.has(`${tail} ${head}`) ? "used" : "edge"
        const [start, end] = state.way === "reverse" && kind !== "edge" ? [NODES[head], NODES[tail]] : [NODES[tail], NODES[head]]
        const long = Math.hypot(end[0] - start[0], end[1] - start[1])
        const [u, v] = [(end[0] - start[0]) / long, (end[1] - start[1]) / long]
        const [a, c] = [[start[0] + 28 * u, start[1] + 28 * v], [end[0] - 30 * u, end[1] - 30 * v]]
        const at = head === "L" ? 0.45 : 0.3
        const [p, q] = [NODES[tail][0] + at * (NODES[head][0] - NODES[tail][0]), NODES[tail][1] + at * (NODES[head][1] - NODES[tail][1])]
        return [svg("path", { class: `link ${kind}`, d: `M${a}L${c}` }),
          svg("path", { class: `tip ${kind}`, d: `M${c[0] + 8 * u},${c[1] + 8 * v}l${-10 * u - 4.5 * v},${-10 * v + 4.5 * u}l${9 * v},${-9 * u}Z` }),
          svg("text", { x: p, y: q - 7, "text-anchor": "middle", class: "halo" }, short(slope))]
      })
      const circles = HELD.map((node) => {
        const [x, y] = NODES[node]
        const chosen = node === state.nudge
        return svg("g", { "data-handle": node },
          svg("circle", { cx: x, cy: y, r: 25, class: `node ${node === to ? "fresh" : ""} ${chosen ? "chosen" : ""}` }),
          svg("text", { x, y: y - 4, "text-anchor": "middle" }, ...name(node)),
          svg("text", { x, y: y + 12, "text-anchor": "middle", class: "holds" }, node in held ? short(held[node]) : "·"),
          svg("text", { x, y: y + 41, "text-anchor": "middle", class: "small" }, `value ${short(value[node])}`))
      })
      drawing.replaceChildren(...marks, ...circles)
      const known = HELD.map((node) => nudge(state, node, seed))
      const ends = [...known, ...all.flatMap((step) => Object.values(step.parts).flat()), 1, -1]
      const [least, most] = [Math.min(...ends), Math.max(...ends)]
      const room = 0.12 * (most - least)
      bars.limits([least - room, most + room], [-0.6, 4.6], undefined, [0, 1, 2, 3, 4])
      bars.draw([
        bars.line([[0, -1], [0, 5]], "zero"),
        ...HELD.flatMap((node, k) => {
          let sum = 0
          return (parts[node] ?? (node in held ? [held[node]] : [])).map((part, i) => {
            const [start, end] = [sum, sum += part]
            return bars.line([[start, 4 - k], [end, 4 - k]], `bar part${i}`)
          })
        }),
        ...HELD.map((node, k) => bars.dot(known[k], 4 - k, node === state.nudge ? "ring chosen" : "ring", 6)),
        bars.text(least - room, -0.35, "bar: held, ring: nudge", "small", "start", 6),
      ])
    },
    readouts: (state) => {
      const { held, done, seed } = now(state)
      const check = nudge(state, state.nudge, seed)
      return [
        ["loss", "Loss", run(state).L, short(run(state).L)],
        ...HELD.map((node) => [`held-${node}`, `${node} holds`, held[node] ?? NaN, node in held ? short(held[node]) : "nothing yet"]),
        ["nudge", seed === "L" ? `Nudge ${state.nudge}: L moves by` : `Nudge ${seed}: ${state.nudge} moves by`, check, `${short(check)} per unit`],
        ["count", "Multiplications", done, String(done)],
        ...(state.predict >= 0 ? [["agrees", "Do they agree?", String(Math.abs((held[state.nudge] ?? Infinity) - check) < 1e-6),
          !(state.nudge in held) ? "not yet" : Math.abs(held[state.nudge] - check) < 1e-6 ? "yes" : "no"]] : []),
      ]
    },
    sentence: (state) => {
      const { all, done, last, held, parts, given, from, to, seed } = now(state)
      if (!done) return `Before the sweep ${seed} holds 1.`
      const more = parts[to].length > 1 ? `, total ${short(held[to])}` : ""
      const text = `Edge ${done} of ${last}: ${to} receives ${short(given)} from ${from}${more}.`
      if (done < last && all[done + 1].seed === seed) return text
      if (seed !== "L") return `${text} The sweep for ${seed} is done: L moves by ${short(held.L)} for each unit of ${seed}.`
      const check = nudge(state, state.nudge, seed)
      return `${text} The sweep is done. ${state.nudge} holds ${short(held[state.nudge])}, and its nudge says ${short(check)}.`
    },
    table: (state) => {
      const { all, done } = now(state)
      return {
        head: ["edge", "slope", "passes on", "receiver holds"],
        lines: all.slice(1).map(({ from, to, slope, given, held }, k) =>
          [`${from} → ${to}`, short(slope), ...(k < done ? [short(given), short(held[to])] : ["not yet", ""])]),
      }
    },
  })
}
