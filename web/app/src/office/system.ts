/**
 * How the server is, as its page tells it: what is wrong, how badly, and the one thing to do next.
 * Owns no words and asks no server. It judges nothing that the server has judged.
 */
import type { KeysState, LogState, LogTroubleKind, StorageState, SystemState, WitnessStanding } from '@bedside/client';

/** How a part of the server is. `plain`: nothing to judge. */
export type Health = 'ok' | 'warn' | 'danger' | 'plain';

/** What stands on the badge of each card, and what is done about it. */
export interface Verdict<S extends string> {
  readonly state: S;
  readonly health: Health;
}

const verdict = <S extends string>(state: S, health: Health): Verdict<S> => ({ state, health });

/** Less than this and the server soon cannot write, in bytes; where `bedside doctor` warns. */
export const LITTLE_BYTES = 1024 ** 3;

export type LogVerdict = 'signed' | 'not_yet' | 'passing' | 'stopped' | 'witness_wrong' | 'witness_away';

/** Whether the log is signed, and whether those who vouch for it do. */
export function ofLog({ trouble, signed_at, witnesses }: LogState): Verdict<LogVerdict> {
  if (trouble) return trouble.kind === 'passing' ? verdict('passing', 'warn') : verdict('stopped', 'danger');
  const stands = (...standings: WitnessStanding[]) => witnesses.some(({ standing }) => standings.includes(standing));
  if (stands('ahead', 'forked')) return verdict('witness_wrong', 'danger');
  if (stands('away', 'refused')) return verdict('witness_away', 'warn');
  return signed_at === undefined ? verdict('not_yet', 'plain') : verdict('signed', 'ok');
}

/** What mends each trouble of the log; null where no command does. */
export const LOG_COMMANDS: Record<LogTroubleKind, string | null> = {
  passing: null,
  shorter: 'bedside audit recover -c bedside.toml --from-tiles',
  witness_ahead: 'bedside audit recover -c bedside.toml --from-tiles',
  forked: null,
  other_key: null,
  damaged: 'bedside audit verify -c bedside.toml',
};

export type KeysVerdict = 'working' | 'rotating' | 'broken';

/** Whether the keys can be used, and whether all data is under the newest. */
export function ofKeys({ healthy, to_rewrap }: KeysState): Verdict<KeysVerdict> {
  if (!healthy) return verdict('broken', 'danger');
  return to_rewrap > 0 ? verdict('rotating', 'warn') : verdict('working', 'ok');
}

export type BackupVerdict = 'in_order' | 'none' | 'late' | 'drill_late';

/** Whether there is a backup, young enough and tried. What is missing first comes first. */
export function ofBackup({ newest, late, drill_late }: SystemState['backup']): Verdict<BackupVerdict> {
  if (newest === undefined) return verdict('none', 'danger');
  if (late) return verdict('late', 'danger');
  return drill_late ? verdict('drill_late', 'warn') : verdict('in_order', 'ok');
}

export type ReportVerdict = 'covered' | 'open' | 'none';

/** Whether every safeguard of the newest report has a proof or somebody's word. */
export function ofReport(report: SystemState['report']): Verdict<ReportVerdict> {
  if (report === undefined) return verdict('none', 'warn');
  return report.open > 0 ? verdict('open', 'warn') : verdict('covered', 'ok');
}

export type StorageVerdict = 'room' | 'little' | 'unknown';

/** Whether there is room to write. */
export function ofStorage({ free_bytes }: StorageState): Verdict<StorageVerdict> {
  if (free_bytes === undefined) return verdict('unknown', 'plain');
  return free_bytes < LITTLE_BYTES ? verdict('little', 'danger') : verdict('room', 'ok');
}

/** In how many parts of the server somebody should do something, and how it is as a whole. */
export function ofAll(system: SystemState): { readonly toDo: number; readonly health: Exclude<Health, 'plain'> } {
  const parts: Health[] = [ofLog(system.log), ofKeys(system.keys), ofBackup(system.backup), ofReport(system.report), ofStorage(system.storage)].map(
    ({ health }) => health,
  );
  if (system.not_believed.length > 0) parts.push('danger');
  const toDo = parts.filter((health) => health === 'warn' || health === 'danger').length;
  return { toDo, health: parts.includes('danger') ? 'danger' : toDo > 0 ? 'warn' : 'ok' };
}

/** What part of the whole each count is, 0 … 1; all 0 when there is nothing. */
export function shares(counts: readonly number[]): number[] {
  const whole = counts.reduce((sum, one) => sum + one, 0);
  return counts.map((one) => (whole === 0 ? 0 : one / whole));
}

/** How many witnesses have signed a log that holds the entry at `place`. */
export function vouchFor(place: number, { witnesses }: LogState): number {
  return witnesses.filter(({ entries }) => entries !== undefined && entries > place).length;
}
