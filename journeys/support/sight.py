"""What can be seen: contrast of text and marks, sizes of targets, what a narrow window hides, and whether drawings are sharp."""

# Contrast of WCAG 2.2: every visible text against what is behind it, and every mark of a drawing. Colours are read as the browser paints them.
_CONTRAST = """([textLeast, markLeast]) => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const cache = new Map();
  const rgba = (text) => {
    if (!cache.has(text)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = "rgba(0, 0, 0, 0)";
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      cache.set(text, [r, g, b, a / 255]);
    }
    return cache.get(text);
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => { const s = value / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  // What is behind an element: the backgrounds of its ancestors, one over the other; null where a picture is.
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), rgba(getComputedStyle(document.documentElement).backgroundColor));
  };
  const opacity = (element) => { let all = 1; for (let at = element; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity); return all; };
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility === "visible" && !element.closest(".offscreen, .offscreen-text, [hidden], :disabled, .toast, .skip, .faded") && opacity(element) > 0.05;
  };
  const found = new Map();
  const tell = (kind, element, value, least, what) => {
    const name = `${kind} ${element.closest("[data-testid]")?.dataset.testid ?? ""} ${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
    if (value < least - 0.005 && !(found.get(name)?.[0] < value)) found.set(name, [value, `${name}: ${value.toFixed(2)} ${what}`]);
  };
  let texts = 0, marks = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.matches("script, style, noscript, option") || !seen(element)) continue;
    const isDrawn = element instanceof SVGElement, style = getComputedStyle(element);
    const under = behind(isDrawn ? element.ownerSVGElement : element);
    if (!under) continue;
    let colour = [...rgba(isDrawn ? style.fill : style.color)];
    if (colour[3] === 0) continue;
    colour[3] *= opacity(element);
    colour = over(colour, under);
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    texts++;
    tell("text", element, ratio(colour, under), isLarge ? markLeast : textLeast, JSON.stringify(node.data.trim().slice(0, 30)));
  }
  // Lines of axes, areas under a ramp, hatches over a mark and boxes of a drag carry nothing by themselves.
  const decoration = ".grid, .axis, .heat-cell, .stage-hatch, .hatch-line, .hatched-over, .stagebar-plain, .heat-box, .node-line, .node-box, .edge-line, .edge-hit, .target-hit, [class*=grid], [data-decoration], pattern *, clipPath *, defs *, svg[width='14'] *";
  for (const mark of document.querySelectorAll("main svg :is(rect, circle, path, polyline, polygon, line)")) {
    if (mark.matches(decoration) || !seen(mark)) continue;
    const style = getComputedStyle(mark), under = behind(mark.ownerSVGElement);
    if (!under) continue;
    // The fill or its line: one of both has to be seen.
    const paints = [[style.fill, Number(style.fillOpacity)], [style.stroke, Number(style.strokeOpacity)]].filter(([text]) => text !== "none" && !text.startsWith("url")).map(([text, share]) => { const colour = [...rgba(text)]; colour[3] *= share * opacity(mark); return colour; }).filter((colour) => colour[3] > 0);
    if (!paints.length) continue;
    marks++;
    tell("mark", mark, Math.max(...paints.map((colour) => ratio(over(colour, under), under))), markLeast, "");
  }
  return { texts, marks, problems: [...found.values()].map(([, text]) => text) };
}"""

# Colours of the tokens, which canvases draw with.
_TOKENS = """() => {
  const style = getComputedStyle(document.documentElement);
  const names = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.selectorText === ":root").flatMap((rule) => [...rule.style]).filter((name) => name.startsWith("--"));
  return Object.fromEntries([...new Set(names)].map((name) => [name, style.getPropertyValue(name).trim()]));
}"""

# Things to press that are smaller than 24 by 24 and not words in a sentence (WCAG 2.2, 2.5.8: or have that much room round them). Points and
# pieces of a picture are as wide as the time they stand for, and links in its table too.
_SMALL = """() => {
  const targets = [...document.querySelectorAll("a[href], button, summary, input, select, [role=option], [role=slider], [role=separator][tabindex]")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && !element.closest(".offscreen-text, .skip, figure svg, .path-frame, .pair-piece") && getComputedStyle(element).visibility === "visible";
  });
  const boxes = targets.map((element) => {
    // A check box and its label are one target.
    const box = (element.matches("input[type=checkbox]") && element.closest("label") || element).getBoundingClientRect();
    // What reaches further than it looks.
    const after = getComputedStyle(element, "::after"), more = after.position === "absolute" && after.content !== "none" ? -Math.min(0, parseFloat(after.top) || 0, parseFloat(after.left) || 0) : 0;
    return { x: box.x - more, y: box.y - more, width: box.width + 2 * more, height: box.height + 2 * more };
  });
  const problems = [];
  targets.forEach((element, index) => {
    const box = boxes[index];
    if (box.width >= 23.9 && box.height >= 23.9) return;
    const isInText = getComputedStyle(element).display === "inline" && [...element.parentElement.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (isInText) return;
    // A circle of 24 px round its middle meets no other target.
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    const near = boxes.some((other, at) => at !== index && !targets[at].contains(element) && !element.contains(targets[at]) && Math.hypot(Math.max(other.x - x, 0, x - other.x - other.width), Math.max(other.y - y, 0, y - other.y - other.height)) < 12);
    if (near) problems.push(`${element.tagName.toLowerCase()}.${element.className} ${JSON.stringify((element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 30))} ${Math.round(box.width)}×${Math.round(box.height)}`);
  });
  return [...new Set(problems)];
}"""

# Texts smaller than a number of px as they are painted: a picture may be drawn at a scale.
_SMALL_TEXTS = """(least) => [...document.querySelectorAll("main *")].filter((element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()) && element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .map((element) => ({ element, size: parseFloat(getComputedStyle(element).fontSize) * (element instanceof SVGGraphicsElement ? element.getScreenCTM().d : 1) }))
  .filter(({ size }) => size < least).map(({ element, size }) => `${size.toFixed(1)} px: ${element.outerHTML.slice(0, 90)}`)"""

# What sticks out of the window to the right although nothing of its own scrolls there.
_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
  const scrolls = (element) => { for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) if (getComputedStyle(at).overflowX !== "visible" || at.matches("details:not([open])")) return true; return false; };
  return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1 && element.getBoundingClientRect().width > 0 && !scrolls(element)).map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} to ${Math.round(element.getBoundingClientRect().right)} of ${width}`).slice(0, 8);
}"""

# What can be pressed, dragged, chosen or typed into.
_CONTROLS = """[...document.querySelectorAll("a[href], button, summary, input, select, textarea, [role=slider], [role=separator][tabindex], [tabindex='0']")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true }) && !element.disabled && !element.closest(".skip, .offscreen-text");
})"""

# What these are for: those of a list's rows are told once, and figures do not count.
_FUNCTIONS = """() => [...new Set(CONTROLS.map((element) => {
  const row = element.closest("tbody tr, li, [role=treeitem], svg, pre");
  const list = row && row !== element ? `${row.closest("[data-testid]:not(tr, li)")?.dataset.testid ?? row.parentElement.className} ` : "";
  const name = element.dataset.testid || element.id || (list ? element.className.baseVal ?? element.className : (element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40));
  return `${list}${element.tagName.toLowerCase()} ${name}`.replace(/\\d[\\d .,:]*/g, "#");
}))]""".replace("CONTROLS", _CONTROLS)

# What cannot be brought into the window, or lies under something else there, wherever one scrolls it.
# A control in a drawing may leave its place to what lies below, but for a part that takes the pointer.
_UNREACHABLE = """() => {
  const problems = new Set();
  const takes = (element) => getComputedStyle(element).pointerEvents !== "none";
  for (const element of CONTROLS) {
    const target = takes(element) ? element : [...element.querySelectorAll("*")].find(takes) ?? element;
    const states = ["center", "start", "end"].map((block) => () => {
      target.scrollIntoView({ block, inline: "center" });
      const box = target.getClientRects()[0];
      const points = [0.5, 0.25, 0.75].map((share) => [box.left + box.width * share, box.top + box.height * share]).filter(([x, y]) => x >= 0 && x < innerWidth && y >= 0 && y < innerHeight);
      if (!points.length) return "outside";
      return points.some(([x, y]) => { const there = document.elementFromPoint(x, y); return there && (element.contains(there) || there.contains(element) || there.closest("label")?.contains(element)); }) ? "" : "covered";
    });
    let state = "";
    for (const look of states) { state = look(); if (!state) break; }
    if (state) problems.add(`${state}: ${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 30)}`);
  }
  scrollTo(0, 0);
  return [...problems];
}""".replace("CONTROLS", _CONTROLS)

# Canvases with fewer or more pixels than the screen has where they are, to a pixel of rounding.
_BLURRED = """() => [...document.querySelectorAll("canvas")].filter((canvas) => canvas.checkVisibility() && canvas.clientWidth > 0
  && (Math.abs(canvas.width - canvas.clientWidth * devicePixelRatio) > 1 || Math.abs(canvas.height - canvas.clientHeight * devicePixelRatio) > 1))
  .map((canvas) => `${canvas.className}: ${canvas.width}×${canvas.height} for ${canvas.clientWidth}×${canvas.clientHeight}`)"""

TEXT, MARK = 4.5, 3.0
SMALLEST = 9
SURFACES = ["--bg", "--panel", "--raised", "--hover", "--selection"]


def contrast(page):
    """How many texts and marks were looked at, and those that can hardly be seen."""
    return page.evaluate(_CONTRAST, [TEXT, MARK])


def tokens(page):
    return page.evaluate(_TOKENS)


def small_targets(page):
    return page.evaluate(_SMALL)


def small_texts(page):
    """Texts painted smaller than one can read, pictures that are drawn at a scale among them."""
    return page.evaluate(_SMALL_TEXTS, SMALLEST)


def too_wide(page):
    return page.evaluate(_WIDE)


def functions(page):
    """What one can do on the page now, by names that do not depend on its size."""
    return set(page.evaluate(_FUNCTIONS))


def unreachable(page):
    return page.evaluate(_UNREACHABLE)


def blurred(page):
    return page.evaluate(_BLURRED)


def ratio(one, other):
    """Contrast of two colours written as #rrggbb."""
    def luminance(colour):
        parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
