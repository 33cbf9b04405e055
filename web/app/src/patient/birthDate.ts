/** A date of birth typed in three fields. Pure. */

/** The fields as typed. */
export interface TypedDate {
  readonly day: string;
  readonly month: string;
  readonly year: string;
}

/**
 * `YYYY-MM-DD`, or `null` when the fields are not a day that has been. `thisYear` bounds the year: a
 * birth lies within the last 130 years.
 */
export function readBirthDate({ day, month, year }: TypedDate, thisYear: number): string | null {
  const numbers = [day, month, year].map((text) => (/^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN));
  const [d = Number.NaN, m = Number.NaN, y = Number.NaN] = numbers;
  if (!(y >= thisYear - 130 && y <= thisYear) || !(m >= 1 && m <= 12) || !(d >= 1)) return null;
  // Day 0 of the next month is the last day of this one.
  if (d > new Date(Date.UTC(y, m, 0)).getUTCDate()) return null;
  return `${y}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`;
}
