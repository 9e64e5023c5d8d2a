/** A cell: text, or a number with its decimals; undefined is a dash. */
export type Cell = string | { readonly value: number | undefined; readonly digits: number };

export function number(value: number | undefined, digits = 0): Cell {
  return { value, digits };
}

/** Columns right-aligned but for the first. */
export function table(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows.map((row) => row.map(cellText))];
  const widths = head.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const lines = texts.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [title, lines[0], rule, ...lines.slice(1)].join('\n');
}

function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  const { value, digits } = cell;
  if (value === undefined || Number.isNaN(value)) return '-';
  const [whole = '', fraction] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** One line that says whether an aim of issue and release notes is met. */
export function aim(text: string, measured: number, bound: number, digits = 1): string {
  return `  ${measured <= bound ? 'met    ' : 'NOT MET'}  ${text}: ${measured.toFixed(digits)} (at most ${bound})`;
}

/** The same for an aim that is a least value. */
export function aimAtLeast(text: string, measured: number, bound: number): string {
  return `  ${measured >= bound ? 'met    ' : 'NOT MET'}  ${text}: ${measured.toFixed(1)} (at least ${bound})`;
}
