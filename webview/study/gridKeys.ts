/** Arrow keys between the cells of a table, of which one is reached with Tab. */

export class GridKeys {
  private at: HTMLElement | null = null;

  constructor(private readonly table: HTMLTableElement) {
    table.addEventListener("focusin", ({ target }) => {
      if (target instanceof HTMLElement && target.matches(".cell")) this.take(target);
    });
    table.addEventListener("keydown", (event) => {
      const next = this.next(event.key);
      if (next === null) return;
      event.preventDefault();
      next.focus();
    });
  }

  /** After the table was filled. */
  begin(): void {
    this.at = null;
    const first = this.table.querySelector<HTMLElement>(".cell");
    if (first !== null) this.take(first);
  }

  private take(cell: HTMLElement): void {
    if (this.at !== null) this.at.tabIndex = -1;
    this.at = cell;
    cell.tabIndex = 0;
  }

  private next(key: string): HTMLElement | null {
    const { at } = this;
    if (at === null) return null;
    const row = [...(at.closest("tr")?.querySelectorAll<HTMLElement>(".cell") ?? [])];
    const column = row.indexOf(at);
    switch (key) {
      case "ArrowLeft":
        return row[column - 1] ?? null;
      case "ArrowRight":
        return row[column + 1] ?? null;
      case "Home":
        return row[0] ?? null;
      case "End":
        return row.at(-1) ?? null;
      case "ArrowUp":
      case "ArrowDown": {
        const body = at.closest("tr");
        const other = key === "ArrowUp" ? body?.previousElementSibling : body?.nextElementSibling;
        const cells = [...(other?.querySelectorAll<HTMLElement>(".cell") ?? [])];
        return cells[Math.min(column, cells.length - 1)] ?? null;
      }
      default:
        return null;
    }
  }
}
