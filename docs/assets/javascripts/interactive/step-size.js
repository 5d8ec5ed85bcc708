// The V: the error of a difference quotient against its step. The reader places the points.
import { brief, figure, mean, plain, plot, show } from "../figure.js"

const FORMULAS = { forward: "forward", central: "central", complex: "complex" }
const BITS = { float64: 52, float32: 23 }
const SERIES = ["forward float64", "central float64", "complex float64", "forward float32", "central float32", "complex float32"]
const LOWEST = -18 // where an error of zero is drawn
const KINK = -1e-4 // the point at which the slope of relu is wanted
// A power of ten, written as Python reads it.
const power = (exponent) => (10 ** exponent).toExponential(Number.isInteger(exponent) ? 0 : 1).replace("e+0", "")

export default (root) => {
  const { distance, late } = JSON.parse(root.dataset.deliveries)
  const offset = -3 // b: the chapter measures along w at (1, -3)

  // Model B along w, every operation rounded to the number format.
  const loss = (w, round) => mean64(round, (x, y) => {
    const z = round(round(w * x) + offset)
    return round(round(Math.max(z, 0) + round(Math.log1p(round(Math.exp(-Math.abs(z)))))) - round(y * z))
  })
  const mean64 = (round, term) => round(distance.reduce((sum, x, i) => round(sum + term(x, late[i])), 0) / distance.length)
  // The imaginary part of the loss at w + ih.
  const imaginary = (w, h, round) => mean64(round, (x, y) => {
    const size = round(Math.exp(round(round(w * x) + offset)))
    const turned = round(h * x)
    return round(round(Math.atan2(round(size * round(Math.sin(turned))), round(1 + round(size * round(Math.cos(turned)))))) - round(y * turned))
  })
  const squash = (w) => distance.map((x) => 1 / (1 + Math.exp(-(w * x + offset))))
  const smooth = {
    value: loss,
    imaginary,
    slopes: (w) => {
      const p = squash(w)
      return [mean(p.map((q, i) => (q - late[i]) * distance[i])), mean(p.map((q, i) => q * (1 - q) * distance[i] ** 2)),
        mean(p.map((q, i) => q * (1 - q) * (1 - 2 * q) * distance[i] ** 3))]
    },
  }
  const kinked = { value: (x) => Math.max(0, x), imaginary: (x, h) => (x > 0 ? h : 0), slopes: (x) => [x > 0 ? 1 : 0, 0, 0] }

  const measure = ({ formula, format, f, w }, exponent) => {
    const round = format === "float32" ? Math.fround : (x) => x
    const { value, imaginary: part, slopes } = f === "relu" ? kinked : smooth
    const x = round(f === "relu" ? KINK : w)
    const h = round(10 ** exponent)
    const [slope, second, third] = slopes(x)
    const here = value(x, round)
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(here) || Number.MIN_VALUE)) - BITS[format]) // spacing of the numbers at f
    const wide = formula === "central" ? 2 : 1
    const estimate = formula === "complex" ? round(part(x, h, round) / h)
      : round(round(value(round(x + h), round) - (formula === "central" ? value(round(x - h), round) : here)) / round(wide * h))
    const exact = formula === "complex" || f === "relu"
    return { x, h, here, value, round, slope, estimate, error: Math.abs(estimate - slope), unit,
      truncation: formula === "forward" ? h * Math.abs(second) / 2 : h * h * Math.abs(third) / 6,
      rounding: exact ? Math.abs(slope) * 2 ** -BITS[format] : unit / (wide * h),
      kept: exact ? NaN : Math.max(0, Math.log10(Math.abs(slope) * wide * h / unit)) }
  }
  const height = (error) => (error > 0 ? Math.max(LOWEST, Math.log10(error)) : LOWEST)
  const sweep = (state) => Array.from({ length: 161 }, (_, k) => -k / 10).map((e) => [e, height(measure(state, e).error)])
  // The best step is that of the lowest point on a smoothed V: a single point may be right by luck.
  const best = (state) => {
    const points = sweep(state)
    const smoothed = points.map(([e], k) => [e, Math.max(...points.slice(Math.max(0, k - 3), k + 4).map(([, y]) => y))])
    return smoothed.reduce((low, point) => (point[1] < low[1] ? point : low))[0]
  }
  const placed = (state) => [...state.points.matchAll(/([a-f])(-?\d+)/g)].map(([, letter, tenths]) => {
    const [formula, format] = SERIES[letter.charCodeAt(0) - 97].split(" ")
    return { formula, format, exponent: tenths / 10, error: measure({ ...state, formula, format }, tenths / 10).error }
  })
  const series = ({ formula, format }) => SERIES.indexOf(`${formula} ${format}`)

  const vee = plot({ label: "Error against step, both logarithmic, with the points that were placed", names: ["step h", "error of the slope"],
    left: 54, format: [power, (y) => (y === LOWEST ? "0" : power(y))] })
  const zoom = plot({ label: "The function as the computer sees it within the step, with its true tangent",
    names: ["distance from the point, in steps h", "change of the function"], left: 76, height: 300, format: [plain, (y) => brief(y, 2)] })
  vee.limits([-16.4, 0.4], [LOWEST, 1.5], [-16, -12, -8, -4, 0], [-18, -16, -12, -8, -4, 0])
  const MARKS = [(x, y, kind) => vee.dot(x, y, kind, 4.5), (x, y, kind) => vee.square(x, y, kind, 4), (x, y, kind) => vee.text(x, y, "▲", kind)]
  let meant = ""

  return figure(root, {
    label: "Step size",
    views: [vee, zoom],
    controls: [
      { kind: "slider", name: "h", label: "Step h", min: -16, max: 0, fine: 0.1, step: 0.5, page: 2, value: -3, text: power },
      { kind: "slider", name: "w", label: "w", min: 0, max: 2, fine: 0.01, step: 0.1, page: 0.5, value: 1, text: (value) => show(value) },
      { kind: "choice", name: "formula", label: "Formula:", options: FORMULAS, value: "forward" },
      { kind: "choice", name: "format", label: "Numbers:", options: { float64: "float64", float32: "float32" }, value: "float64" },
      { kind: "choice", name: "f", label: "Function:", options: { loss: "Model B", relu: "relu, near its kink" }, value: "loss" },
      { kind: "button", name: "points", label: "Place a point (Enter)", value: "a0a-10a-20",
        press: (state, change) => {
          const code = `${String.fromCharCode(97 + series(state))}${Math.round(10 * state.h)}`
          if (!state.points.match(/[a-f]-?\d+/g)?.includes(code)) change("points", state.points + code)
        },
        read: (text) => (/^([a-f]-?\d{1,3})*$/.test(text) ? text : undefined) },
    ],
    predict: {
      question: "in float32 instead of float64, which arm of the V moves?",
      options: ["the left one, where h is small", "the right one, where h is large", "both", "neither"],
      verdict: (state) => {
        if (state.f === "relu") {
          return state.formula === "complex" ? "The complex step does not cross the kink: it is right on either side, whatever the format."
            : "Near a kink there is no V: a step much longer than the way to it is wrong by nearly " +
              `${state.formula === "central" ? "half of" : "all of"} the jump, whatever the format, and a step that does not reach it is right.`
        }
        const steps = ["float64", "float32"].map((format) => brief(10 ** best({ ...state, format }), 1))
        return state.formula === "complex" ? "The complex step subtracts nothing. It has no left arm: float32 only ends earlier."
          : `The left one. With the ${state.formula} formula the best step is near ${steps[0]} in float64 and near ${steps[1]} in float32. ` +
            "The right arm is calculus, and does not know the format."
      },
    },
    keys: (event, parts) => event.key === "Enter" && event.target.type === "range" && (parts.points.press(), true),
    reset: () => { meant = "" },
    draw: (state) => {
      const now = [state.w, state.f].join()
      if (meant && now !== meant) state.points = "" // points belong to one function and one place
      meant = now
      const found = measure(state, state.h)
      const known = state.predict >= 0
      vee.draw([
        ...(known ? [vee.line(sweep(state), `curve c${series(state) % 3}`)] : []),
        ...placed(state).map(({ formula, format, exponent, error }) =>
          MARKS[Object.keys(FORMULAS).indexOf(formula)](exponent, height(error), `placed ${format}`)),
        vee.line([[state.h, LOWEST], [state.h, 2]], "cut"),
      ])
      const reach = 1.6 * found.h
      const samples = Array.from({ length: 321 }, (_, k) => (k / 160 - 1) * reach)
        .map((t) => [t / found.h, found.round(found.value(found.round(found.x + t), found.round) - found.here)])
      const most = 1.15 * Math.max(...samples.map(([, y]) => Math.abs(y)), Math.abs(found.slope) * reach, 2 * found.unit, 0.1 * found.h)
      zoom.limits([-1.6, 1.6], [-most, most], [-1, 0, 1])
      const at = (k) => [k, found.round(found.value(found.round(found.x + k * found.h), found.round) - found.here)]
      const used = { forward: [0, 1], central: [-1, 1], complex: [] }[state.formula].map(at)
      zoom.draw([
        zoom.line([[-2, 0], [2, 0]], "zero"),
        zoom.line(samples, "curve"),
        zoom.line([[-1.6, -1.6 * found.h * found.slope], [1.6, 1.6 * found.h * found.slope]], "tangent"),
        ...(used.length ? [zoom.line(used, "cut"), ...used.map(([x, y]) => zoom.dot(x, y, "needle", 4.5))]
          : [zoom.text(0, 0, "no subtraction: h is imaginary", "small", "middle", 0, -12)]),
      ])
    },
    readouts: (state) => {
      const { estimate, slope, error, kept, truncation, rounding } = measure(state, state.h)
      const own = placed(state).filter(({ formula, format }) => formula === state.formula && format === state.format)
      const low = own.reduce((low, point) => (point.error < (low?.error ?? Infinity) ? point : low), undefined)
      const told = [
        ["estimate", "Slope, measured", estimate, String(Number(estimate.toPrecision(8))).replace("-", "−")],
        ["error", "Error", error, brief(error, 2)],
        ["relative", "Relative error", error / Math.abs(slope), brief(error / Math.abs(slope), 2)],
        ["kept", "Digits kept", kept, Number.isNaN(kept) ? "all" : `${show(kept, 0)} of ${state.format === "float64" ? 16 : 7}`],
        ["best", "Best of your points", low ? 10 ** low.exponent : NaN, low ? power(low.exponent) : "none yet"],
      ]
      if (state.predict < 0) return told
      return [...told, ["truncation", "Truncation, about", truncation, brief(truncation, 2)],
        ["rounding", "Rounding, at most about", rounding, brief(rounding, 2)]]
    },
    sentence: (state) => {
      const { error, kept } = measure(state, state.h)
      const name = FORMULAS[state.formula]
      return `${name[0].toUpperCase()}${name.slice(1)}, ${state.format}, h ${power(state.h)}: the slope is wrong by ${brief(error, 2)}; ` +
        (Number.isNaN(kept) ? "nothing was lost in a subtraction." : `the subtraction kept ${show(kept, 0)} of ${state.format === "float64" ? 16 : 7} digits.`)
    },
    table: (state) => ({
      head: ["step h", "slope, measured", "error"],
      lines: Array.from({ length: 9 }, (_, k) => {
        const { estimate, error } = measure(state, -2 * k)
        return [power(-2 * k), show(estimate, 6), brief(error, 2)]
      }),
    }),
  })
}
