/**
 * The places besides the board, by the fragment of the address: a mail can lead to one, and "back" works.
 * A fragment names a page and never a person.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Me } from '@bedside/client';

/** The pages of the office. */
export const OFFICE_PAGES = ['reviews', 'log', 'people', 'kept', 'system'] as const;
export type OfficePage = (typeof OFFICE_PAGES)[number];

/** What the log's page narrows itself to when it opens. */
export interface LogWish {
  /** Everything that happened in this visit. */
  readonly visit?: string;
  /** Everything that happened in visits of this patient. */
  readonly patient?: string;
  /** Everything that this account did, or that was done to it. */
  readonly person?: string;
  /** What to call it on the page. */
  readonly called: string;
}

let logWish: LogWish | null = null;

/** Goes to the log with a wish. It is handed over in memory: an address would keep an id of somebody. */
export function showLog(wish: LogWish): void {
  logWish = wish;
  location.hash = '#log';
}

/** The wish, once. */
export function takeLogWish(): LogWish | null {
  const wish = logWish;
  logWish = null;
  return wish;
}

/** Whether somebody answers for the clinic's privacy or runs it. */
export function hasOffice(me: Pick<Me, 'role'>): boolean {
  return me.role === 'admin' || me.role === 'officer';
}

/** The page that a fragment names; null for the board, or an officer's home. */
export function pageOf(fragment: string): OfficePage | null {
  return OFFICE_PAGES.find((page) => fragment === `#${page}`) ?? null;
}

/** The page that the address names now. */
export function usePage(): OfficePage | null {
  const [page, setPage] = useState(() => pageOf(location.hash));
  useEffect(() => {
    const look = () => setPage(pageOf(location.hash));
    look();
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);
  return page;
}
