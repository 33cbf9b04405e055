/** The frame of a panel beside the pictures. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { IconButton, IconClose } from '../../ui';
import { clinicWords } from '../i18n';

export interface PanelProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
}

export function Panel({ title, children, onClose }: PanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Who opens a panel by keyboard goes on inside it.
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="c-panel" aria-label={title}>
      <header class="c-panel__head">
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <IconButton icon={IconClose} label={`${clinicWords.t.common.close}: ${title}`} onClick={onClose} />
      </header>
      <div class="c-panel__body">{children}</div>
    </section>
  );
}
