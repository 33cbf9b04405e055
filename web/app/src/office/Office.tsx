/**
 * The office: the pages for those who run a clinic and answer for its privacy. Loaded when somebody goes
 * there. Officers, who have no board, are at home here.
 */
import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Me } from '@bedside/client';
import { ownFactors } from '../clinic/factors';
import { Account } from '../clinic/board/Account';
import { clinicWords } from '../clinic/i18n';
import { OFFICE_PAGES, type OfficePage } from '../clinic/places';
import type { Ring } from '../clinic/ring';
import { Button, IconPerson, Toasts } from '../ui';
import { OfficeContext, watched, type OfficeApi } from './context';
import { Home } from './Home';
import { Kept } from './Kept';
import { Log } from './Log';
import './office.css';
import { People } from './People';
import { Reviews } from './Reviews';
import { System } from './System';

export interface OfficeProps {
  readonly me: Me;
  readonly api: OfficeApi;
  /** Which page; null for an officer's home. */
  readonly page: OfficePage | null;
  /** Whether there is a board to go back to. */
  readonly board: boolean;
  /** The bell of the board; null for those who have none. */
  readonly ring: Pick<Ring, 'wanted' | 'want'> | null;
  readonly inCall: boolean;
  readonly onSignOut: (everywhere: boolean) => void;
  /** The server says that the sign-in is over. */
  readonly onOver: () => void;
  /** Stands on top while a call runs: the way back to it. */
  readonly callBar?: ComponentChildren;
}

const PAGES: Record<OfficePage, FunctionComponent> = { reviews: Reviews, log: Log, people: People, kept: Kept, system: System };

export function Office({ me, api, page, board, ring, inCall, onSignOut, onOver, callBar }: OfficeProps) {
  const t = clinicWords.t;
  const [account, setAccount] = useState(false);
  const desk = useMemo(() => ({ me, api: watched(api, onOver) }), [me, api, onOver]);
  const unreviewed = () => desk.api.whoAmI().then(({ reviews }) => reviews?.open ?? 0);
  const Shown = page === null ? Home : PAGES[page];
  const title = page === null ? t.places.home : t.places[page];
  useEffect(() => {
    // Where there is a board, the tab tells how many wait as well.
    if (!board) document.title = `${title} · ${me.clinic}`;
  }, [board, title, me.clinic]);

  return (
    <OfficeContext.Provider value={desk}>
      <div class="clinic-page office">
        <a class="clinic-skip" href={`#${page ?? 'home'}`}>
          {t.places.skip}
        </a>
        <header class="clinic-bar">
          <p class="clinic-brand">
            <img src="/icon.svg" alt="" width="28" height="28" />
            <span>{me.clinic}</span>
          </p>
          <div class="clinic-bar__do">
            <Button kind="quiet" icon={IconPerson} aria-label={t.me.menu(me.name)} onClick={() => setAccount(true)}>
              <span class="clinic-wide-only">{me.name}</span>
            </Button>
          </div>
        </header>
        {callBar}
        <nav class="office-nav" aria-label={t.places.title}>
          {board ? (
            <Tab to="today" here={false} label={t.call.backToBoard} />
          ) : (
            <Tab to="home" here={page === null} label={t.places.home} />
          )}
          {OFFICE_PAGES.map((one) => (
            <Tab key={one} to={one} here={one === page} label={t.places[one]} />
          ))}
        </nav>
        <main id={page ?? 'home'} tabIndex={-1} class="clinic-main">
          <Toasts closeLabel={t.common.close} />
          <Shown key={page} />
        </main>
      </div>
      {account ? (
        <Account me={me} ring={ring} factors={ownFactors} unreviewed={unreviewed} inCall={inCall} onClose={() => setAccount(false)} onSignOut={onSignOut} />
      ) : null}
    </OfficeContext.Provider>
  );
}

function Tab({ to, here, label }: { to: string; here: boolean; label: string }) {
  return (
    <a class="office-nav__tab" href={`#${to}`} aria-current={here ? 'page' : undefined}>
      {label}
    </a>
  );
}
