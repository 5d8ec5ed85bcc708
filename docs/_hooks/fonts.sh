#!/usr/bin/env bash
# Makes docs/assets/fonts and docs/assets/katex from the published packages.
# Needs npm, and pyftsubset with Brotli (pip install fonttools brotli). No glyph of KaTeX's fonts
# is lost: the large ones are cut in two, and a browser loads the half that a page needs.
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
latin=U+20-7E,U+A0,U+A7,U+A9,U+AB,U+B0-B3,U+B5-B7,U+B9,U+BB-BE,U+C0-FF,U+131,U+152-153,U+2010-2015,U+2018-201A,U+201C-201E,U+2020-2022,U+2026,U+202F,U+2030,U+2032-2033,U+2039-203A,U+20AC,U+2190-2193,U+2212,U+2215,U+221A,U+221E,U+2248,U+2260,U+2264-2265
for face in 400-normal 600-normal 400-italic; do
  subset "@fontsource/inter@5.3.0/files/inter-latin-$face.woff2" \
    "$assets/fonts/inter-latin-$face.woff2" "$latin" kern,liga,calt,ccmp,locl,mark,mkmk,tnum
done
subset @fontsource/jetbrains-mono@5.3.0/files/jetbrains-mono-latin-400-normal.woff2 \
  "$assets/fonts/jetbrains-mono-latin-400-normal.woff2" "$latin" ccmp,locl,mark,mkmk
cp @fontsource/inter@5.3.0/LICENSE "$assets/fonts/LICENSE-inter.txt"
cp @fontsource/jetbrains-mono@5.3.0/LICENSE "$assets/fonts/LICENSE-jetbrains-mono.txt"

cp katex@0.19.1/LICENSE "$assets/katex/LICENSE"
core=U+20-7E,U+A0,U+B1,U+D7,U+391-3A9,U+2026,U+2032,U+2190-2193,U+21A6,U+2200-220B,U+2212,U+2216-221E,U+2223-222B,U+2248,U+2264-2265,U+22A4-22A5,U+22C5,U+22EE-22F1,U+27E8-27E9
letters=U+41-5A,U+6B
python3 - katex@0.19.1/dist/katex-swap.min.css "$core" "$letters" >"$assets/katex/katex.css" <<'PYTHON'
import re, sys

style, core, letters = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2], sys.argv[3]


def face(match):
    text = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", match[0])
    name = re.search(r"fonts/(KaTeX_\w+-\w+)\.woff2", text)[1]
    first = {"KaTeX_Main-Regular": core, "KaTeX_Main-Bold": core, "KaTeX_AMS-Regular": letters}.get(name)
    if first is None:
        return text
    rest = text.replace(name, name + "-more")
    # The later face wins where both hold a character.
    return rest + text[:-1] + f";unicode-range:{first}}}"


sys.stdout.write(re.sub(r"@font-face\{[^}]*\}", face, style))
PYTHON
for font in katex@0.19.1/dist/fonts/*.woff2; do
  name=$(basename "$font" .woff2)
  case $name in
    KaTeX_Main-Regular | KaTeX_Main-Bold) first=$core ;;
    KaTeX_AMS-Regular) first=$letters ;;
    *) first='*' ;;
  esac
  subset "$font" "$assets/katex/fonts/$name.woff2" "$first" ''
  if [ "$first" != '*' ]; then
    subset "$font" "$assets/katex/fonts/$name-more.woff2" '*' ''
  fi
done
