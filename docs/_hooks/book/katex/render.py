"""Renders formulas with KaTeX: for each line with a list of jobs a line with the list of answers.

A process of its own, left with os._exit: V8 was seen to hang at the exit of the interpreter after
a formula that KaTeX refused.
"""

import json
import os
import sys
from pathlib import Path

from py_mini_racer import MiniRacer

_RENDER = """
(jobs) => JSON.stringify(JSON.parse(jobs).map((job) => {
  try {
    return {html: katex.renderToString(job.tex, {
      displayMode: job.display,
      macros: Object.assign({}, job.macros),
      output: "htmlAndMathml",
      strict: "error",
      throwOnError: true,
      trust: false,
    })};
  } catch (error) {
    return {error: String(error.message)};
  }
}))
"""


def main() -> None:
    engine = MiniRacer()
    engine.eval(Path(__file__).with_name("katex.min.js").read_text(encoding="utf-8"))
    for line in sys.stdin.buffer:
        answers = engine.eval(f"({_RENDER})({json.dumps(line.decode('utf-8'))})")
        sys.stdout.buffer.write(str(answers).encode("utf-8") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
