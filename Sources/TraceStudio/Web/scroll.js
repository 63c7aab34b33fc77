// Scrolling through more rows than an element may be high.

/** Above this height of its content, px, a box scrolls by a scale: browsers place nothing right beyond some 33 million, and not all go that far. */
const TALLEST = 12_000_000;
/** A step of so many screens is a jump of the scrollbar, a smaller one a turn of the wheel or a finger. */
const JUMP = 3;
/** Stillness after which the scrollbar is put where it belongs, ms. */
const REST = 120;

/** The place in a box with a content of any height. As long as the browser can, it is the browser's own. */
export class TallScroll {
  /** @param {HTMLElement} box what scrolls @param {HTMLElement} space its content, which only has a height */
  constructor(box, space) {
    this.box = box;
    this.space = space;
    /** Height of all, px. */
    this.height = 0;
    /** The first pixel that is seen. */
    this.at = 0;
    /** Where the scrollbar was last. */
    this.seen = 0;
    this.timer = 0;
    box.addEventListener("scroll", () => this.#moved(), { passive: true });
  }

  get #screen() { return this.box.clientHeight; }
  get #last() { return Math.max(0, this.height - this.#screen); }
  /** Pixels of the content for one of the scrollbar. */
  get #scale() { return this.height <= TALLEST ? 1 : this.#last / (TALLEST - this.#screen); }

  /** @param {number} height px */
  resize(height) {
    this.height = height;
    this.space.style.height = `${Math.min(height, TALLEST)}px`;
    this.to(this.at);
  }

  /** @param {number} at the first pixel that is to be seen */
  to(at) {
    this.at = Math.max(0, Math.min(at, this.#last));
    this.#place();
  }

  #place() {
    const top = this.at / this.#scale;
    if (Math.abs(this.box.scrollTop - top) >= 1) this.box.scrollTop = top;
    this.seen = this.box.scrollTop;
    if (this.#scale === 1) this.at = this.seen;
  }

  #moved() {
    const top = this.box.scrollTop, step = top - this.seen, scale = this.#scale;
    if (step === 0) return;
    this.seen = top;
    if (scale === 1) { this.at = top; return; }
    const isJump = Math.abs(step) > JUMP * this.#screen;
    // Small steps move as many rows as everywhere; the scrollbar follows when they end, or when it has no way left.
    this.at = Math.max(0, Math.min(this.#last, isJump ? top * scale : this.at + step));
    clearTimeout(this.timer);
    if (isJump) return;
    const left = top <= 0 ? this.at : top >= TALLEST - this.#screen - 1 ? this.#last - this.at : -1;
    // No more than a screen is left behind the scrollbar's end: what is there is all seen from the end.
    if (left >= 0 && left <= this.#screen) this.at = top <= 0 ? 0 : this.#last;
    else if (left >= 0) this.#place();
    else this.timer = setTimeout(() => this.#place(), REST);
  }
}
