/** The head of the call: whose visit, how long, how good the connections are, how it is laid out. */
import type { Participant, VisitClient } from '@bedside/client';
import type { CallUi, LayoutMode } from '../../call';
import { IconButton, IconLayoutGallery, IconLayoutSide, IconLayoutSpeaker, IconClock, IconNetwork, useValue, type Icon } from '../../ui';
import { Elapsed } from '../clock';
import { clinicWords } from '../i18n';
import { hurts, worstFirst } from '../model/quality';
import { qualityText } from '../words';

export interface TitleProps {
  readonly client: VisitClient;
  readonly name: string;
}

/**
 * Name, running time, and in wide windows how good the connections are. One that hurts the
 * conversation stands as a notice below instead.
 */
export function Title({ client, name }: TitleProps) {
  const t = clinicWords.t;
  const startedAt = useValue(client.startedAt);
  const people = useValue(client.people);
  const worst = others(people)[0];
  return (
    <div class="clinic-callhead">
      <h1>{name}</h1>
      <p class="clinic-callhead__facts">
        {startedAt === null ? null : (
          <span class="clinic-callhead__fact">
            <IconClock size={1.1} />
            <span class="ui-hidden">{t.call.timer}</span>
            <Elapsed sinceUs={startedAt} />
          </span>
        )}
        {worst && !hurts(worst) ? (
          <span class="clinic-callhead__fact clinic-wide-only">
            <IconNetwork size={1.1} />
            {qualityText(worst)}
          </span>
        ) : null}
      </p>
    </div>
  );
}

/** Everybody else, the worst connection first. */
export function others(people: readonly Participant[]): Participant[] {
  return worstFirst(people.filter((person) => !person.me));
}

const MODES: readonly { readonly mode: LayoutMode; readonly icon: Icon }[] = [
  { mode: 'speaker', icon: IconLayoutSpeaker },
  { mode: 'gallery', icon: IconLayoutGallery },
  { mode: 'side', icon: IconLayoutSide },
];

/** The three layouts as switches, for wide windows; phones find them in the settings. */
export function Layouts({ ui }: { ui: CallUi }) {
  const t = clinicWords.t.call;
  return (
    <div class="clinic-layouts clinic-wide-only" role="group" aria-label={t.layout}>
      {MODES.map(({ mode, icon }) => (
        <IconButton
          key={mode}
          icon={icon}
          label={t[mode]}
          pressed={ui.mode.value === mode}
          onClick={() => {
            ui.mode.value = mode;
          }}
        />
      ))}
    </div>
  );
}
