// Where rows are in a list that is longer than a browser can make an element (some 17 million pixels): small steps of scrolling move by
// what they are, long ones by their part of the whole.

export const MAX_HEIGHT = 8_000_000;

export class Virtual {
  count = 0;
  // Rows stand this many pixels above where they would in an element of the whole length.
  offset = 0;
  private last = 0;
  constructor(public rowHeight: number) {}

  get whole(): number {
    return this.count * this.rowHeight;
  }
  get height(): number {
    return Math.min(this.whole, MAX_HEIGHT);
  }

  // The row at the top is at this many pixels of the whole list. Second: where the scroll bar has to be put, if not where it is.
  scrolled(scrollTop: number, viewport: number): { top: number; scrollTop: number } {
    const most = Math.max(0, this.height - viewport);
    const mostOfWhole = Math.max(0, this.whole - viewport);
    if (this.whole <= MAX_HEIGHT) {
      this.offset = 0;
      this.last = scrollTop;
      return { top: Math.max(0, Math.min(scrollTop, mostOfWhole)), scrollTop };
    }
    const far = Math.abs(scrollTop - this.last) > viewport * 4;
    if (far || scrollTop <= 0 || scrollTop >= most) {
      const top = Math.round((Math.max(0, Math.min(scrollTop, most)) / most) * mostOfWhole);
      // At either end of the bar by small steps, but not of the list: as far as the step was.
      if (!far && Math.abs(top - (this.last + this.offset)) > viewport * 4) return this.jump(this.last + this.offset + (scrollTop - this.last), viewport);
      this.offset = top - scrollTop;
      this.last = scrollTop;
      return { top, scrollTop };
    }
    this.last = scrollTop;
    const top = Math.max(0, Math.min(scrollTop + this.offset, mostOfWhole));
    return { top, scrollTop };
  }

  // Makes `top` of the whole list the top.
  jump(top: number, viewport: number): { top: number; scrollTop: number } {
    const mostOfWhole = Math.max(0, this.whole - viewport);
    const to = Math.round(Math.max(0, Math.min(top, mostOfWhole)));
    // A short way leaves the rows where they are.
    const near = to - this.offset;
    if (this.whole > MAX_HEIGHT && Math.abs(near - this.last) <= viewport * 4 && near > 0 && near < this.height - viewport) {
      this.last = near;
      return { top: to, scrollTop: near };
    }
    const scrollTop = this.whole <= MAX_HEIGHT ? to : Math.round((to / mostOfWhole) * (this.height - viewport));
    this.offset = to - scrollTop;
    this.last = scrollTop;
    return { top: to, scrollTop };
  }

  // Where a row stands in the element.
  y(index: number): number {
    return index * this.rowHeight - this.offset;
  }
}
