/** One entry of the log in plain words, and how to check it. */
import type { AuditLine, AuditWords, LogState } from '@bedside/client';
import { timestampToDate } from '@bedside/client/clinic';
import { copyText } from '../clinic/copy';
import { Badge, Button, IconCopy } from '../ui';
import { proofCommand, shownIn } from './log';
import { vouchFor } from './system';
import { auditWords, momentText, secondText } from './words';

/** Names of the clinic's people by their accounts. */
export type Names = ReadonlyMap<string, string>;

export interface LogEntryProps {
  readonly line: AuditLine;
  readonly names: Names;
  /** How far the log is signed; null while that is not known. */
  readonly signed: LogState | null;
  /** Narrows the log to a visit; null when it is. */
  readonly onVisit: ((id: string, called: string) => void) | null;
  /** How to check it stands open already. */
  readonly open?: boolean;
}

export function LogEntry({ line, names, signed, onVisit, open = false }: LogEntryProps) {
  const t = auditWords.t;
  const { visit, person, actor } = line;
  const mark = visit?.slice(-4) ?? '';
  const shown = shownIn(line);
  const self = actor.type === 'staff' && actor.id === person;
  return (
    <>
      <time class="log-time" dateTime={timestampToDate(line.at).toISOString()}>
        {secondText(line.at)}
      </time>
      <div class="office-row__what">
        <p class="log-words">{sentence(line, names)}</p>
        <p class="clinic-facts">
          {line.refused === null ? null : <Badge tone="warn">{t.refused}</Badge>}
          {line.details.by === 'emergency' ? <Badge tone="info">{t.emergency}</Badge> : null}
          {person === null || self ? null : <span class="clinic-soft clinic-small">{t.about(names.get(person) ?? t.someStaff)}</span>}
          <span class="clinic-soft clinic-small">{t.sessions[actor.type]}</span>
          {shown === null ? null : <span class="clinic-soft clinic-small">{t.shown(shown)}</span>}
          {visit === null ? null : (
            <span class="clinic-soft clinic-small" title={t.visitHint}>
              {t.visit(mark)}
            </span>
          )}
        </p>
        {line.words === undefined ? null : <Said words={line.words} known={actor.type === 'staff' ? names.get(actor.id) : undefined} />}
        <div class="log-do">
          <Proof line={line} signed={signed} open={open} />
          {visit === null || onVisit === null ? null : (
            <Button kind="quiet" scale="small" aria-label={t.thisVisitNamed(mark)} onClick={() => onVisit(visit, t.visit(mark))}>
              {t.thisVisit}
            </Button>
          )}
        </div>
      </div>
    </>
  );
}

/** What stands beside the entry in plain words, while its key is there. `known`: the name that is shown already. */
function Said({ words, known }: { readonly words: AuditWords; readonly known: string | undefined }) {
  const t = auditWords.t.words;
  if (words.state === 'erased') return <p class="clinic-soft clinic-small">{t.erased}</p>;
  if (words.state === 'altered')
    return (
      <p>
        <Badge tone="danger">{t.altered}</Badge>
      </p>
    );
  const { name, from, reason } = words;
  const facts = [name === undefined || name === known ? null : t.name(name), from === undefined ? null : t.from(from), words.with ?? null];
  return (
    <>
      {reason === undefined ? null : (
        <p class="log-reason" dir="auto">
          {t.reason(reason)}
        </p>
      )}
      <p class="clinic-facts">
        {facts.map((fact) =>
          fact === null ? null : (
            <span key={fact} class="clinic-soft clinic-small log-fact">
              <bdi>{fact}</bdi>
            </span>
          ),
        )}
      </p>
    </>
  );
}

/** Who did what. */
export function sentence({ actor, kind, refused, details }: AuditLine, names: Names): string {
  const t = auditWords.t;
  const who =
    actor.type === 'staff'
      ? (names.get(actor.id) ?? t.someStaff)
      : actor.type === 'seat'
        ? t.guest
        : actor.type === 'system'
          ? t.server
          : t.stranger;
  if (kind === 'auth.sign_in' && refused === null && details.step === 'password') return `${who} ${t.password}`;
  if (kind === 'data.audit_viewed' && details.export !== undefined) return `${who} ${t.tookLog}`;
  const did = (refused === null ? undefined : t.tried[kind]) ?? t.did[kind] ?? t.unknown(kind);
  return `${who} ${did}`;
}

/** The entry as it is written, and how somebody checks that nobody changed it. */
function Proof({ line, signed, open }: Required<Pick<LogEntryProps, 'line' | 'signed' | 'open'>>) {
  const t = auditWords.t;
  const command = proofCommand(line.place);
  const codes = { kind: line.kind, ...(line.refused === null ? {} : { refused: line.refused }), ...line.details };
  return (
    <details class="clinic-fold log-proof" open={open}>
      <summary>{t.entry(line.place)}</summary>
      <div class="clinic-stack">
        <p class="clinic-soft clinic-small">{t.recorded}</p>
        <code class="log-code" dir="ltr">
          {[timestampToDate(line.at).toISOString(), ...Object.entries(codes).map(([name, code]) => `${name}=${code}`)].join('  ')}
        </code>
        {signed === null || line.place >= signed.entries ? null : <p class="clinic-small">{signedText(line.place, signed)}</p>}
        <p class="clinic-soft clinic-small">{t.check}</p>
        <code class="log-code" dir="ltr">
          {command}
        </code>
        <div class="clinic-row">
          <Button scale="small" icon={IconCopy} aria-label={t.copyNamed(line.place)} onClick={() => void copyText(command)}>
            {t.copy}
          </Button>
        </div>
      </div>
    </details>
  );
}

/** Under which checkpoint the entry stands, and how many outside have signed it. */
function signedText(place: number, signed: LogState): string {
  const t = auditWords.t;
  const under = t.under(signed.entries, signed.signed_at === undefined ? null : momentText(signed.signed_at));
  const vouching = vouchFor(place, signed);
  return vouching > 0 ? `${under} ${t.vouched(vouching)}` : under;
}
