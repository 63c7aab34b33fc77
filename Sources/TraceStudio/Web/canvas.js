// Canvases that follow the size of their box and the density of the screen.

/**
 * Fits a canvas to a size in CSS pixels; returns its context, scaled so that one unit is one CSS pixel.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function fitCanvas(canvas, width, height) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const pixelWidth = Math.max(1, Math.round(width * ratio)), pixelHeight = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth;
    canvas.height = pixelHeight;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/**
 * How far a wheel turned, in px; some browsers count lines or pages. Positive is down or to the right.
 * @param {WheelEvent} event @param {number} amount `deltaX` or `deltaY` of the event
 */
export function wheelPixels(event, amount) { return amount * [1, 16, 400][event.deltaMode]; }

/** The factor by which a turn of the wheel changes the window of time: below 1 is closer. @param {WheelEvent} event */
export function wheelZoom(event) { return Math.exp(Math.max(-1, Math.min(1, wheelPixels(event, event.deltaY) * 0.004))); }

/**
 * Follows a pointer from press to release, also outside the element.
 * @param {HTMLElement} element
 * @param {(event: PointerEvent) => ((event: PointerEvent, done: boolean) => void) | null} press returns what to do on each move
 */
export function onDrag(element, press) {
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const move = press(event);
    if (!move) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    const moved = (/** @type {PointerEvent} */ next) => move(next, false);
    const done = (/** @type {PointerEvent} */ next) => {
      element.removeEventListener("pointermove", moved);
      element.removeEventListener("pointerup", done);
      element.removeEventListener("pointercancel", done);
      move(next, true);
    };
    element.addEventListener("pointermove", moved);
    element.addEventListener("pointerup", done);
    element.addEventListener("pointercancel", done);
  });
}

/**
 * A divider one drags or moves by the arrow keys.
 * @param {HTMLElement} element gets the role of a separator
 * @param {{label: string, get: () => number, set: (px: number) => void, direction: 1 | -1, done: () => void}} options
 */
export function splitter(element, options) {
  element.setAttribute("role", "separator");
  element.setAttribute("aria-orientation", "vertical");
  element.setAttribute("aria-label", options.label);
  element.tabIndex = 0;
  const announce = () => element.setAttribute("aria-valuenow", String(Math.round(options.get())));
  announce();
  onDrag(element, (event) => {
    const from = event.clientX, width = options.get();
    return (next, done) => {
      options.set(width + (next.clientX - from) * options.direction);
      announce();
      if (done) options.done();
    };
  });
  element.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowLeft" ? -16 : event.key === "ArrowRight" ? 16 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    options.set(options.get() + step * options.direction);
    announce();
    options.done();
  });
}
