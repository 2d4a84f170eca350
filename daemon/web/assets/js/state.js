// What the page shows: one snapshot, changed by the messages of the stream. No page in here.

const TAPE_MAX = 200;

/** The latest snapshot and where in the journal it stands. */
export class State {
  snapshot = null;
  at = 0;

  /** Return the id to continue after, empty before the first snapshot. */
  lastId() {
    return this.snapshot ? `${this.snapshot.journal}-${this.snapshot.seq}` : "";
  }

  /** Take a message received at `at`; return the names of what it changed ("tape" included). */
  take({ event, id, data }, at) {
    if (event === "snapshot") return this.#takeSnapshot(data, at);
    if (event === "reset") {
      this.snapshot = null;
      return [];
    }
    if (!this.snapshot) return [];
    if (event === "facts") return this.#takeFacts(id, data, at);
    if (event === "market") return this.#takeMarket(data, at);
    return [];
  }

  #takeSnapshot(snapshot, at) {
    this.snapshot = { ...snapshot, panels: { ...snapshot.panels } };
    this.at = at;
    return [...Object.keys(snapshot.panels), "tape"];
  }

  #takeFacts(id, { panels = {}, tape = [] }, at) {
    Object.assign(this.snapshot.panels, panels);
    this.#setPlace(id);
    if (panels.header) this.at = at;
    if (!tape.length) return Object.keys(panels);
    this.#addToTape(tape);
    return [...Object.keys(panels), "tape"];
  }

  #setPlace(id) {
    const [journal, seq] = (id ?? "").split("-");
    if (seq === undefined) return;
    this.snapshot.journal = journal;
    this.snapshot.seq = Number(seq);
  }

  #addToTape(rows) {
    const known = new Set(this.snapshot.tape.map(tapeKey));
    const added = rows.filter((row) => !known.has(tapeKey(row)));
    this.snapshot.tape = [...added, ...this.snapshot.tape].slice(0, TAPE_MAX);
  }

  #takeMarket({ header, pnl, open, ...whole }, at) {
    const { panels } = this.snapshot;
    const changed = [];
    if (header) {
      panels.header = { ...panels.header, ...header };
      this.at = at;
      changed.push("header");
    }
    if (pnl) {
      panels.pnl = { ...panels.pnl, ...pnl };
      changed.push("pnl");
    }
    for (const [name, panel] of Object.entries(whole)) {
      panels[name] = panel;
      changed.push(name);
    }
    if (open?.length) {
      const moved = new Map(open.map((row) => [row.trade, row]));
      panels.open = panels.open.map((row) => ({ ...row, ...moved.get(row.trade) }));
      changed.push("open");
    }
    return changed;
  }
}

/** Return what names a row of the tape. */
export function tapeKey(row) {
  return `${row.seq}-${row.kind}-${row.at_ms}-${row.words}`;
}
