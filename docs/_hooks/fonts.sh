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
# First what nearly every page has, then the rest; the ranges of the second parts stand in
# stylesheets/book.css too. Italics are words: their digits and signs are in the second part.
words=U+20-29,U+2C-2F,U+3A-3B,U+3F,U+41-5A,U+61-7A,U+A0,U+2013-2014,U+2019,U+201C-201D
signs=U+2A-2B,U+30-39,U+3C-3E,U+40,U+5B-60,U+7B-7E,U+B0,U+B2-B3,U+B6-B7,U+D7,U+E9,U+2018,U+2022,U+2026,U+2192,U+2212
latin=U+A7,U+A9,U+AB,U+B1,U+B5,U+B9,U+BB-BE,U+C0-D6,U+D8-E8,U+EA-FF,U+131,U+152-153,U+2010-2012,U+2015,U+201A,U+201E,U+2020-2021,U+202F,U+2030,U+2032-2033,U+2039-203A,U+20AC,U+2190-2191,U+2193,U+2215,U+221A,U+221E,U+2248,U+2260,U+2264-2265
# Without `calt`, by which Inter sets signs beside capitals a little higher: a quarter of the font.
for face in 400-normal 600-normal; do
  inter=@fontsource/inter@5.3.0/files/inter-latin-$face.woff2
  subset "$inter" "$assets/fonts/inter-basic-$face.woff2" "$words,$signs" kern,tnum
  subset "$inter" "$assets/fonts/inter-latin-$face.woff2" "$latin" kern,tnum
done
inter=@fontsource/inter@5.3.0/files/inter-latin-400-italic.woff2
subset "$inter" "$assets/fonts/inter-basic-400-italic.woff2" "$words" kern
subset "$inter" "$assets/fonts/inter-latin-400-italic.woff2" "$signs,$latin" kern,tnum
mono=@fontsource/jetbrains-mono@5.3.0/files/jetbrains-mono-latin-400-normal.woff2
subset "$mono" "$assets/fonts/jetbrains-mono-basic-400-normal.woff2" "$words,$signs" ccmp,locl,mark,mkmk
subset "$mono" "$assets/fonts/jetbrains-mono-latin-400-normal.woff2" "$latin" ccmp,locl,mark,mkmk
cp @fontsource/inter@5.3.0/LICENSE "$assets/fonts/LICENSE-inter.txt"
cp @fontsource/jetbrains-mono@5.3.0/LICENSE "$assets/fonts/LICENSE-jetbrains-mono.txt"

cp katex@0.19.1/LICENSE "$assets/katex/LICENSE"
cat >cut.py <<'PYTHON'
"""Cut the large fonts of a style sheet in two, what the book uses first: cut.py FONTS <style >style"""
import re, sys
from fontTools.ttLib import TTFont

LATIN = "U+41-5A,U+61-7A"
GREEK = "U+3B1-3C9,U+3D1,U+3D5-3D6,U+3F1,U+3F5"
FIRST = {
    "AMS-Regular": "U+43,U+45,U+4E,U+50-52,U+5A,U+25A1",
    "Main-Bold": f"U+30-39,{LATIN}",
    "Main-Regular": "U+20-7E,U+A0,U+B0-B1,U+D7,U+393-394,U+3A6,U+2026,U+2032,U+2190,U+2192,U+21A6,"
    "U+200B,U+2C9,U+2113,U+2202,U+2207-2209,U+2212,U+2217-2218,U+221E,U+2223,U+2225,U+2227,U+2248,"
    "U+2264-2265,U+2299,U+22A4-22A5,U+22C5,U+22EF,U+27E8-27E9,U+E020",
    "Math-BoldItalic": GREEK,
    "Math-Italic": f"{LATIN},{GREEK}",
    "SansSerif-Regular": "U+54",
}
(fonts,) = sys.argv[1:]


def points(ranges):
    pairs = (part.removeprefix("U+").partition("-") for part in ranges.split(","))
    return {n for a, _, b in pairs for n in range(int(a, 16), int(b or a, 16) + 1)}


def face(match):
    text = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", match[0])
    name = re.search(r"fonts/KaTeX_(\w+-\w+)\.woff2", text)[1]
    if name not in FIRST:
        return text
    rest = sorted(set(TTFont(f"{fonts}/KaTeX_{name}.woff2").getBestCmap()) - points(FIRST[name]))
    rest = ",".join(f"U+{n:X}" for n in rest)
    for part, held in (("", FIRST[name]), ("-more", rest)):
        open(f"KaTeX_{name}{part}.txt", "w").write(held)
    more = text.replace(name, name + "-more")
    return f"{text[:-1]};unicode-range:{FIRST[name]}}}{more[:-1]};unicode-range:{rest}}}"


sys.stdout.write(re.sub(r"@font-face\{[^}]*\}", face, sys.stdin.read()))
PYTHON
python3 cut.py katex@0.19.1/dist/fonts \
  <katex@0.19.1/dist/katex-swap.min.css >"$assets/katex/katex.css"
for font in katex@0.19.1/dist/fonts/*.woff2; do
  name=$(basename "$font" .woff2)
  if [ -f "$name.txt" ]; then
    for part in "" -more; do
      subset "$font" "$assets/katex/fonts/$name$part.woff2" "$(cat "$name$part.txt")" ''
    done
  else
    subset "$font" "$assets/katex/fonts/$name.woff2" '*' ''
  fi
done
