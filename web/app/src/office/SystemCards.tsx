/** The cards of keys, backups, the report and the machine. */
import type { KeysState, SystemState } from '@bedside/client';
import { ofBackup, ofKeys, ofReport, ofStorage } from './system';
import { Bars, Card, Facts, NextStep, type Bar } from './system-parts';
import { agoText, bytesText, numberText, systemWords, tookText } from './words';

const BACKUP = 'bedside backup create -c bedside.toml --to /backup --recipient age1…';
const DRILL = 'bedside backup drill -c bedside.toml /backup/bedside-….json --identity backup-identity.txt';
const REPORT = 'bedside compliance report -c bedside.toml --output report';

/** Who keeps the keys, and how much each version locks. */
export function KeysCard({ keys }: { readonly keys: KeysState }) {
  const t = systemWords.t.keys;
  const { state, health } = ofKeys(keys);
  const bars = keys.versions.map(({ version, data_keys }): Bar => {
    const name = version === 0 ? t.older : t.version(version);
    const newest = version === keys.current_version;
    return { label: newest ? `${name} (${t.newest})` : name, says: t.locks(data_keys), count: data_keys, look: newest ? 'ok' : 'warn' };
  });
  return (
    <Card title={t.title} state={t.states[state]} health={health}>
      {state === 'broken' ? (
        <>
          {keys.trouble === undefined ? null : <p>{t.code(keys.trouble)}</p>}
          <NextStep command="bedside keys health -c bedside.toml">{t.brokenStep}</NextStep>
        </>
      ) : null}
      <Facts of={[t.provider[keys.provider] ?? t.otherProvider(keys.provider), t.current(keys.current_version), keys.to_rewrap > 0 ? t.left(keys.to_rewrap) : null]} />
      <Bars label={t.chart} bars={bars} />
      {state === 'rotating' ? <NextStep command="bedside keys rotate -c bedside.toml --resume">{t.leftStep}</NextStep> : null}
    </Card>
  );
}

interface Aged {
  /** The server's time, in µs. */
  readonly now: number;
}

/** The newest backup, and the newest one that was brought back on trial. */
export function BackupCard({ backup, now }: Aged & { readonly backup: SystemState['backup'] }) {
  const t = systemWords.t.backup;
  const { state, health } = ofBackup(backup);
  const { newest, drill } = backup;
  return (
    <Card title={t.title} state={t.states[state]} health={health}>
      <Facts
        of={[
          newest === undefined ? null : t.newest(agoText(newest.made_at, now)),
          newest === undefined ? null : t.size(numberText(newest.rows), bytesText(newest.bytes)),
          drill === undefined ? t.noDrill : t.drill(agoText(drill.made_at, now), tookText(drill.took_ms)),
        ]}
      />
      {state === 'in_order' ? null : <NextStep command={state === 'drill_late' ? DRILL : BACKUP}>{t.step[state]}</NextStep>}
    </Card>
  );
}

const PARTS = [
  ['proved', 'ok'],
  ['attested', 'accent'],
  ['not_applicable', 'soft'],
  ['open', 'warn'],
] as const;

/** What the newest report counted. */
export function ReportCard({ report, now }: Aged & Pick<SystemState, 'report'>) {
  const t = systemWords.t.report;
  const { state, health } = ofReport(report);
  return (
    <Card title={t.title} state={t.states[state]} health={health}>
      {report === undefined ? null : (
        <>
          <Facts of={[t.madeAt(agoText(report.made_at, now))]} />
          <Bars label={t.chart} bars={PARTS.map(([part, look]) => ({ label: t.parts[part], says: numberText(report[part]), count: report[part], look }))} />
        </>
      )}
      {state === 'covered' ? null : <NextStep command={REPORT}>{t.step[state]}</NextStep>}
    </Card>
  );
}

/** Names of products, the same in every language. */
const DATABASES: Record<string, string> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** The program, its database and its disk. */
export function StorageCard({ state: { storage, version, started_at, now } }: { readonly state: SystemState }) {
  const t = systemWords.t.storage;
  const { state, health } = ofStorage(storage);
  const database = DATABASES[storage.database] ?? storage.database;
  return (
    <Card title={t.title} state={t.states[state]} health={health}>
      <Facts
        of={[
          t.version(version),
          t.startedAt(agoText(started_at, now)),
          storage.database_bytes === undefined ? t.databaseOnly(database) : t.databaseSize(database, bytesText(storage.database_bytes)),
          storage.free_bytes === undefined ? null : t.free(bytesText(storage.free_bytes)),
        ]}
      />
      {state === 'little' ? <NextStep command="bedside doctor -c bedside.toml">{t.step}</NextStep> : null}
    </Card>
  );
}
