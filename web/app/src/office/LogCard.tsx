/** The log's card: whether it is signed, who vouches for it, what to do when not. */
import type { LogState, WitnessState } from '@bedside/client';
import { Badge, LinkButton } from '../ui';
import { LOG_COMMANDS, ofLog } from './system';
import { Card, Facts, NextStep } from './system-parts';
import { agoText, momentText, numberText, systemWords } from './words';

/** `now` is the server's, in µs. */
export function LogCard({ log, now }: { readonly log: LogState; readonly now: number }) {
  const t = systemWords.t.log;
  const { state, health } = ofLog(log);
  const { trouble } = log;
  return (
    <Card title={t.title} state={t.states[state]} health={health}>
      {trouble ? (
        <>
          <p>{t.trouble[trouble.kind]}</p>
          <p class="clinic-soft clinic-small">{t.since(momentText(trouble.since))}</p>
          <NextStep command={LOG_COMMANDS[trouble.kind]}>{t.step[trouble.kind]}</NextStep>
        </>
      ) : null}
      <Facts
        of={[
          t.entries(log.entries),
          log.signed_at === undefined ? null : t.signedAt(agoText(log.signed_at, now)),
          log.waiting > 0 ? t.waiting(log.waiting) : null,
        ]}
      />
      <Witnesses of={log.witnesses} now={now} quiet={trouble !== undefined} />
      <div class="clinic-row">
        <LinkButton href="#log">{t.read}</LinkButton>
      </div>
    </Card>
  );
}

interface WitnessesProps {
  readonly of: readonly WitnessState[];
  readonly now: number;
  /** There is another step to take first. */
  readonly quiet: boolean;
}

function Witnesses({ of, now, quiet }: WitnessesProps) {
  const t = systemWords.t.log;
  // The gravest one says what to do.
  const wrong = quiet ? undefined : (['forked', 'ahead', 'refused', 'away'] as const).find((standing) => of.some((one) => one.standing === standing));
  return (
    <div class="clinic-stack">
      <h3 class="office-name">{t.witnesses}</h3>
      {of.length === 0 ? (
        <p class="clinic-soft clinic-small">{t.noWitness}</p>
      ) : (
        <ul role="list" class="system-facts">
          {of.map((one) => (
            <li key={one.name} class="system-witness">
              <span class="office-address" dir="ltr">
                {one.name}
              </span>
              <span class="clinic-facts">
                <Badge tone={TONES[one.standing]}>{t.standing[one.standing]}</Badge>
                {one.entries === undefined || one.signed_at === undefined ? null : (
                  <span class="clinic-soft clinic-small">{t.witnessAt(numberText(one.entries), agoText(one.signed_at, now))}</span>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      {wrong === undefined ? null : <NextStep command={wrong === 'ahead' ? LOG_COMMANDS.witness_ahead : null}>{t.witnessStep[wrong]}</NextStep>}
    </div>
  );
}

const TONES = { not_asked: 'plain', signed: 'ok', away: 'warn', refused: 'warn', ahead: 'danger', forked: 'danger' } as const;
