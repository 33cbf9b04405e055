/** All pictures of the call, laid out. */
import type { ComponentChildren } from 'preact';
import type { Participant, VisitClient } from '@bedside/client';
import { useRef } from 'preact/hooks';
import { callText } from '../i18n/parts';
import { EmptyState, useSize, useValue } from '../ui';
import { bestColumns } from './grid';
import { arrange, type LayoutMode, type Tile } from './layout';
import { PersonTile } from './PersonTile';
import { SelfTile } from './SelfTile';

export interface StageProps {
  visit: VisitClient;
  mode: LayoutMode;
  /** Whom to show large by default; `null` follows whoever speaks. */
  lead: string | null;
  /** What stands here while nobody else is in the call. */
  alone?: ComponentChildren;
}

/** Remembers who of the others spoke last: silence must not make the pictures jump. */
function useLastSpeaker(people: readonly Participant[]): string | null {
  const last = useRef<string | null>(null);
  const speaking = people.find((person) => person.speaking && !person.me);
  if (speaking) last.current = speaking.seat;
  return people.some((person) => person.seat === last.current) ? last.current : null;
}

export function Stage({ visit, mode, lead, alone }: StageProps) {
  const t = callText.t;
  const people = useValue(visit.people);
  const pinned = useValue(visit.pinned);
  const micOn = useValue(visit.me.mic.on);
  const lastSpeaker = useLastSpeaker(people);
  const main = useRef<HTMLDivElement>(null);
  const { width_px, height_px } = useSize(main);

  const places = arrange({ people, mode, pinned, lastSpeaker, lead });
  const others = people.filter((person) => !person.me);
  const canPin = places.main.length + places.strip.length > 1 && others.length > 0;
  const columns = bestColumns(places.main.length, width_px, height_px);

  const show = (tile: Tile, small: boolean) => {
    const person = people.find((candidate) => candidate.seat === tile.seat);
    if (!person) return null;
    if (person.me) return <SelfTile key={tile.key} devices={visit.me.devices} micOn={micOn} small={small} />;
    // With one other person there is nothing to choose between but their screen.
    const choice = canPin && (others.length > 1 || person.screen);
    return (
      <PersonTile key={tile.key} visit={visit} person={person} source={tile.source} small={small} canPin={choice} />
    );
  };

  return (
    <section class="c-stage" aria-label={t.stage} data-mode={mode}>
      <div
        ref={main}
        class="c-stage__main"
        style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
      >
        {others.length === 0 ? (
          <div class="c-stage__alone">{alone ?? <EmptyState title={t.alone}>{t.aloneText}</EmptyState>}</div>
        ) : (
          places.main.map((tile) => show(tile, false))
        )}
        {places.self === 'floating' || others.length === 0 ? (
          <SelfTile devices={visit.me.devices} micOn={micOn} floating />
        ) : null}
      </div>
      {places.strip.length > 0 ? (
        <div class="c-stage__strip">{places.strip.map((tile) => show(tile, true))}</div>
      ) : null}
    </section>
  );
}
