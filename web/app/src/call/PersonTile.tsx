/** One picture of one person, with name and state. */
import type { Participant, VisitClient } from '@bedside/client';
import { useEffect, useRef } from 'preact/hooks';
import { callText } from '../i18n/parts';
import { IconButton, IconMicOff, IconPin, IconUnpin, Spinner, useValue } from '../ui';

/** Up to two letters that stand for a name while there is no picture. */
export function initials(name: string): string {
  // Titles such as "Dr." end in a dot and say nothing about who it is.
  const words = name.split(/[\s-]+/u).filter((word) => /\p{L}/u.test(word) && !word.endsWith('.'));
  const first = words[0] ?? '';
  const last = words.length > 1 ? (words.at(-1) ?? '') : '';
  const letter = (word: string) => [...word].find((char) => /\p{L}/u.test(char)) ?? '';
  return (letter(first) + letter(last)).toUpperCase();
}

export interface PersonTileProps {
  visit: VisitClient;
  person: Participant;
  source: 'camera' | 'screen';
  /** In the strip: smaller words; the whole picture is the pin. */
  small?: boolean;
  /** Offers the pin; off when there is nothing to choose from. */
  canPin?: boolean;
}

/** With which pictures somebody takes part, where their own picture does not tell. */
function PictureNote({ person }: { person: Participant }) {
  const t = callText.t;
  const note = person.narrow ? t.hearsOnly : person.pictures === 'small' ? t.seesSmall : null;
  return note === null ? null : <span class="c-tile__role">{note}</span>;
}

/** Somebody else's picture. */
export function PersonTile({ visit, person, source, small = false, canPin = false }: PersonTileProps) {
  const t = callText.t;
  const video = useRef<HTMLVideoElement>(null);
  const pin = useValue(visit.pinned);
  const pinned = pin?.seat === person.seat && pin.source === source;
  const on = source === 'screen' ? person.screen : person.camera;
  const paused = person.paused[source];
  const soundOnly = useValue(visit.pictures) === 'none';
  const away = person.state === 'away';
  const shown = on && !paused && !away && !soundOnly && person.tracks[source] !== null;

  useEffect(() => {
    const element = video.current;
    return element ? visit.attach(element, person.seat, source, { pinned }) : undefined;
  }, [visit, person.seat, source, pinned]);

  const words = source === 'screen' ? t.screenOf(person.name) : t.pictureOf(person.name);
  return (
    <figure
      class={`c-tile${small ? ' c-tile--small' : ''}${person.speaking ? ' c-tile--speaking' : ''}`}
      data-seat={person.seat}
      data-source={source}
    >
      <video
        ref={video}
        class={`c-tile__video${source === 'screen' ? ' c-tile__video--whole' : ''}`}
        aria-label={words}
        hidden={!shown}
        autoplay
        playsInline
        muted
      />
      {shown ? null : (
        <div class="c-tile__blank">
          <span class="c-tile__initials" aria-hidden="true">
            {initials(person.name)}
          </span>
          {away ? (
            <span class="c-tile__state">
              <Spinner /> {t.away}
            </span>
          ) : source === 'camera' && person.pictures === 'none' ? (
            <span class="c-tile__state">{t.soundOnlyChoice}</span>
          ) : paused && on ? (
            <span class="c-tile__state">{t.pausedVideo}</span>
          ) : null}
        </div>
      )}
      <figcaption class="c-tile__caption">
        {person.mic || source === 'screen' ? null : <IconMicOff size={1.1} />}
        <span class="c-tile__name" dir="auto">{source === 'screen' ? words : person.name}</span>
        {source === 'camera' && !small && person.role !== 'patient' ? (
          <span class="c-tile__role">{t.roles[person.role]}</span>
        ) : null}
        {source === 'camera' && !small ? <PictureNote person={person} /> : null}
        {source === 'camera' && !person.mic ? <span class="ui-hidden">{t.muted}</span> : null}
      </figcaption>
      {canPin && small ? (
        <button
          type="button"
          class="c-tile__press"
          aria-label={t.pin(words)}
          title={t.pin(words)}
          onClick={() => visit.pin({ seat: person.seat, source })}
        />
      ) : null}
      {canPin && !small ? (
        <div class="c-tile__tools">
          <IconButton
            icon={pinned ? IconUnpin : IconPin}
            label={pinned ? t.unpin(words) : t.pin(words)}
            pressed={pinned}
            onClick={() => visit.pin(pinned ? null : { seat: person.seat, source })}
          />
        </div>
      ) : null}
    </figure>
  );
}
