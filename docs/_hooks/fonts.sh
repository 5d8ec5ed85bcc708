#!/usr/bin/env bash
# Makes docs/assets/fonts and docs/assets/katex from the published packages.
# Needs npm, and pyftsubset with Brotli (pip install fonttools brotli). No glyph is lost where a
# font is cut in two, and a browser loads the parts that a page needs.
set -euo pipefail
assets=$(cd "$(dirname "$0")/../assets" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in katex@0.19.1 @fontsource/inter@5.3.0 @fontsource/jetbrains-mono@5.3.0; do
  mkdir -p "$name"
  tar xzf "$(npm pack --silent "$name")" -C "$name" --strip-components=1
done
subset() { # input, output, code points, layout features
  pyftsubset "$1" --output-file="$2" --unicodes="$3" --layout-features="$4" \
    --flavor=woff2 --no-hinting --desubroutinize
}

mkdir -p "$assets/fonts" "$assets/katex/fonts"
rm -f "$assets"/fonts/*.woff2 "$assets"/katex/fonts/*.woff2
# The range of the second half stands in stylesheets/book.css too.
basic=U+20-7E,U+A0,U+B0,U+B2-B3,U+B6-B7,U+D7,U+E9,U+2013-2014,U+2018-2019,U+201C-201D,U+2022,U+2026,U+2192,U+2212
latin=U+A7,U+A9,U+AB,U+B1,U+B5,U+B9,U+BB-BE,U+C0-D6,U+D8-E8,U+EA-FF,U+131,U+152-153,U+2010-2012,U+2015,U+201A,U+201E,U+2020-2021,U+202F,U+2030,U+2032-2033,U+2039-203A,U+20AC,U+2190-2191,U+2193,U+2215,U+221A,U+221E,U+2248,U+2260,U+2264-2265
for part in basic latin; do
  for face in 400-normal 600-normal 400-italic; do
    subset "@fontsource/inter@5.3.0/files/inter-latin-$face.woff2" \
      "$assets/fonts/inter-$part-$face.woff2" "${!part}" kern,liga,calt,ccmp,locl,mark,mkmk,tnum
  done
  subset @fontsource/jetbrains-mono@5.3.0/files/jetbrains-mono-latin-400-normal.woff2 \
    "$assets/fonts/jetbrains-mono-$part-400-normal.woff2" "${!part}" ccmp,locl,mark,mkmk
done
cp @fontsource/inter@5.3.0/LICENSE "$assets/fonts/LICENSE-inter.txt"
cp @fontsource/jetbrains-mono@5.3.0/LICENSE "$assets/fonts/LICENSE-jetbrains-mono.txt"

cp katex@0.19.1/LICENSE "$assets/katex/LICENSE"
core=U+20-7E,U+A0,U+B0-B1,U+D7,U+391-3A9,U+2026,U+2032,U+2190-2193,U+21A6,U+2200-220B,U+2212,U+2216-221E,U+2223-222B,U+2248,U+2264-2265,U+22A4-22A5,U+22C5,U+22EE-22F1,U+2299,U+27E8-27E9,U+E020
letters=U+41-5A,U+6B,U+25A1
cat >cut.py <<'PYTHON'
"""Cut the large fonts of a style sheet in two: cut.py FONTS CORE LETTERS <style >style"""
import re, sys
from fontTools.ttLib import TTFont

fonts, core, letters = sys.argv[1:]


def points(ranges):
    pairs = (part.removeprefix("U+").partition("-") for part in ranges.split(","))
    return {n for a, _, b in pairs for n in range(int(a, 16), int(b or a, 16) + 1)}


def face(match):
    text = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", match[0])
    name = re.search(r"fonts/(KaTeX_\w+-\w+)\.woff2", text)[1]
    first = {"KaTeX_Main-Regular": core, "KaTeX_Main-Bold": core, "KaTeX_AMS-Regular": letters}.get(name)
    if first is None:
        return text
    rest = sorted(set(TTFont(f"{fonts}/{name}.woff2").getBestCmap()) - points(first))
    rest = ",".join(f"U+{n:X}" for n in rest)
    open(f"{name}-more.txt", "w").write(rest)
    more = text.replace(name, name + "-more")
    return f"{text[:-1]};unicode-range:{first}}}{more[:-1]};unicode-range:{rest}}}"


sys.stdout.write(re.sub(r"@font-face\{[^}]*\}", face, sys.stdin.read()))
PYTHON
python3 cut.py katex@0.19.1/dist/fonts "$core" "$letters" \
  <katex@0.19.1/dist/katex-swap.min.css >"$assets/katex/katex.css"
for font in katex@0.19.1/dist/fonts/*.woff2; do
  name=$(basename "$font" .woff2)
  case $name in
    KaTeX_Main-Regular | KaTeX_Main-Bold) first=$core ;;
    KaTeX_AMS-Regular) first=$letters ;;
    *) first='*' ;;
  esac
  subset "$font" "$assets/katex/fonts/$name.woff2" "$first" ''
  if [ "$first" != '*' ]; then
    subset "$font" "$assets/katex/fonts/$name-more.woff2" "$(cat "$name-more.txt")" ''
  fi
done
