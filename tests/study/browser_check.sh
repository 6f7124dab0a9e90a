#!/bin/sh
# Opens a page in headless Chromium: nothing may be written to its console, every image must decode, no id may be there
# twice, no link may lead nowhere, and nothing may be wider than a phone of 360 pixels. Leaves screenshots in light, in
# dark and of a phone, in slices of 4000 pixels, as <folder>/light-1.png and so on.
#
#   browser_check.sh <page.html> <folder for screenshots>
#
# Ends with 77 (skipped) where there is no Chromium.
set -eu

browser=
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
  if [ -n "$name" ] && command -v "$name" > /dev/null 2>&1; then
    browser=$name
    break
  fi
done
if [ -z "$browser" ]; then
  echo "skipped: there is no Chromium"
  exit 77
fi

page=$(readlink -f "$1")
mkdir -p "$2"
folder=$(readlink -f "$2")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The arguments of a run; what the page says goes to $scratch/log.
chromium() {
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
    --disable-background-networking --user-data-dir="$scratch/profile" --enable-logging=stderr \
    --virtual-time-budget=10000 "$@" 2> "$scratch/log"
}

quiet() {
  if grep CONSOLE "$scratch/log"; then
    echo "$1: the console is not empty" >&2
    exit 1
  fi
}

# The page with a script at its end that tells the window around it what it found.
{
  cat "$page"
  cat << 'EOF'
<script>
const decodes = image => {
  if (!(image.naturalWidth > 0)) return false;
  try {
    document.createElement('canvas').getContext('2d').drawImage(image, 0, 0);  // at once, unlike decode()
    return true;
  } catch {
    return false;
  }
};
addEventListener('load', () => {
  const images = [...document.images];
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  const links = [...document.querySelectorAll('a[href^="#"]')].map(link => link.getAttribute('href').slice(1));
  const letters = [...document.querySelectorAll('svg text')].map(
    text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a);
  parent.postMessage({
    images: images.length,
    broken: images.filter(image => !decodes(image)).length,
    outside: [...document.querySelectorAll('[src], [srcset], link[href]')].filter(
      element => !['src', 'srcset', 'href'].some(name => /^data:/.test(element.getAttribute(name)))).length,
    twice: ids.length - new Set(ids).size,
    lost: links.filter(link => !ids.includes(link)).length,
    wide: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    smallest: letters.length ? Math.min(...letters).toFixed(1) : 'none',
    height: document.documentElement.scrollHeight}, '*');
});
</script>
EOF
} > "$scratch/checked.html"

# frame <width> <height> <page> <script>: a window of that width, which Chromium itself refuses below 500 pixels.
frame() {
  cat << EOF
<!DOCTYPE html><html lang="en"><title>frame</title>
<style>:root { color-scheme: light dark; } body { margin: 0; overflow: hidden; }
iframe { display: block; border: 0; width: $1px; height: $2px; margin-top: -$5px; }</style>
<iframe src="$3"></iframe><pre id="found"></pre><script>$4</script></html>
EOF
}

found_script="addEventListener('message', e => { document.getElementById('found').textContent =
  Object.entries(e.data).map(([name, value]) => name + '=' + value).join(' '); })"

# check <name> <width>: prints what was found, and sets `height`.
check() {
  frame "$2" 800 checked.html "$found_script" 0 > "$scratch/frame.html"
  found=
  for attempt in 1 2 3; do  # a busy machine may end the virtual time too early
    chromium --window-size=1300,900 --dump-dom "file://$scratch/frame.html" > "$scratch/dom"
    quiet "$1"
    found=$(sed -n 's/.*<pre id="found">\([^<]*\)<.*/\1/p' "$scratch/dom")
    [ -z "$found" ] || break
    echo "$1: nothing was found at attempt $attempt"
  done
  echo "$1: $found"
  for must in broken=0 outside=0 twice=0 lost=0 wide=0; do
    case " $found " in
      *" $must "*) ;;
      *) echo "$1: must be $must" >&2; exit 1 ;;
    esac
  done
  height=${found##*height=}
}

# shoot <name> <width> <more arguments>
shoot() {
  name=$1 width=$2
  shift 2
  slice=1 top=0
  cp "$page" "$scratch/page.html"
  while [ "$top" -lt "$height" ] && [ "$slice" -le "${SLICES:-3}" ]; do
    frame "$width" "$height" page.html '' "$top" > "$scratch/frame.html"
    rest=$((height - top))
    chromium "$@" --window-size="$width,$((rest < 4000 ? (rest < 500 ? 500 : rest) : 4000))" \
      --screenshot="$folder/$name-$slice.png" "file://$scratch/frame.html" > "$scratch/out"
    quiet "$name"
    [ -s "$folder/$name-$slice.png" ]
    top=$((top + 4000)) slice=$((slice + 1))
  done
}

check desktop 1280
shoot light 1280 --blink-settings=preferredColorScheme=1
shoot dark 1280 --blink-settings=preferredColorScheme=0
check phone 360
shoot phone 360 --blink-settings=preferredColorScheme=1
