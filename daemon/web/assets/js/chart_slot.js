// One place for a chart: made when it comes into view, given new data, taken away.

const { FnoCharts } = globalThis;

/** A chart of one kind ("candles" or "curves") in one element. */
export class ChartSlot {
  #element;
  #kind;
  #data = null;
  #chart = null;
  #watch = null;

  constructor(element, kind) {
    this.#element = element;
    this.#kind = kind;
  }

  /** Show `data` of the charts' contract. */
  show(data) {
    this.#data = data;
    this.#element.hidden = false;
    if (!this.#watch) {
      this.#watch = FnoCharts.whenSeen(this.#element, () => this.#make());
      return;
    }
    this.#chart?.update(data);
  }

  /** Take the chart away and hide its place. */
  clear() {
    this.#watch?.destroy();
    this.#watch = this.#chart = this.#data = null;
    this.#element.hidden = true;
    this.#element.replaceChildren();
  }

  #make() {
    const chart = FnoCharts[this.#kind](this.#element, this.#data);
    this.#chart = chart;
    return {
      update: (data) => chart.update(data),
      destroy: () => {
        if (this.#chart === chart) this.#chart = null;
        chart.destroy();
      },
    };
  }
}
