/** Sentences that several screens need, chosen from the catalogue. Owns no words of its own. */
import type { AnyErrorCode, BoardSeat, BoardVisit, Participant, QualityFigure } from '@bedside/client';
import { clinicWords } from './i18n';
import { visitName } from './model/board';
import type { CheckReading, Problem } from './model/check';
import { finding } from './model/quality';

/** What was refused and what to do about it. Never the browser's or the server's own text. */
export function errorText(code: AnyErrorCode): string {
  const { error } = clinicWords.t;
  return code in error ? error[code as keyof typeof error] : error.device;
}

/** What is wrong with one device, for the person who may help. */
export function problemText({ item, code }: Problem): string {
  const { check } = clinicWords.t;
  return code === null ? check.item[item] : check.code[code];
}

/** A device check in lines, the gravest first. */
export function checkLines(reading: CheckReading): string[] {
  const { check } = clinicWords.t;
  if (reading.level === 'none') return [check.none];
  if (reading.level === 'ok') return [check.ok];
  const lines = reading.problems.map(problemText);
  if (reading.slowRttMs !== null) lines.push(check.slow(reading.slowRttMs));
  return [...new Set(lines)];
}

/** Ready messages for somebody who waits: help for what their check found, then the usual words. */
export function readyMessages(reading: CheckReading): string[] {
  const { check, waiter } = clinicWords.t;
  const advice = reading.problems.flatMap(({ code }) => (code === null ? [] : [check.advice[code]]));
  return [...new Set([...advice, waiter.quickSoon, waiter.quickLate])];
}

/** How somebody's connection is, in one sentence with their name. */
export function qualityText(person: Pick<Participant, 'name' | 'link' | 'state' | 'trouble'>): string {
  const { quality } = clinicWords.t;
  const found = finding(person);
  if (found.kind !== 'trouble') return quality[found.kind](person.name);
  const { said } = quality;
  return said[found.code](person.name, found.figure === null ? '' : figureText(found.figure));
}

/** What to do about it; nothing while nothing has to be done. */
export function qualityStep(person: Pick<Participant, 'link' | 'state' | 'trouble'>): string | null {
  const { step } = clinicWords.t.quality;
  const found = finding(person);
  return found.kind === 'trouble' ? step[found.code] : null;
}

/** A figure with its unit. */
function figureText({ unit, value }: QualityFigure): string {
  const { figure } = clinicWords.t.quality;
  return figure[unit](value);
}

/** What to call a visit: its patient's name, or a plain word. */
export function nameOf(visit: BoardVisit): string {
  if (visit.hidden) return clinicWords.t.restricted.name;
  return visitName(visit) || clinicWords.t.visit.unnamed;
}

/** What somebody is here, in a word. */
export function roleText(role: BoardSeat['role']): string {
  return clinicWords.t.roles[role];
}
