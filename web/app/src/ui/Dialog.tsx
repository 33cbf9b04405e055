/** Dialogs on the browser's own `<dialog>`: it keeps the focus inside and gives it back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button, IconButton, type ButtonKind } from './Button';
import { IconClose } from './icons';

export interface DialogProps {
  open: boolean;
  /** Escape, the cross and a press on the veil all end here. */
  onClose: () => void;
  title: string;
  /** Name of the cross. */
  closeLabel: string;
  children: ComponentChildren;
  /** Buttons at the end; the safest comes first. */
  actions?: ComponentChildren;
  /** `wide` for forms with columns, `sheet` to stand at the bottom on phones. */
  shape?: 'normal' | 'wide' | 'sheet';
}

/** A modal dialog. It is in the page only while it is open. */
export function Dialog(props: DialogProps) {
  return props.open ? <OpenDialog {...props} /> : null;
}

function OpenDialog({ onClose, title, closeLabel, children, actions, shape = 'normal' }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // The browser gives the focus back only when the element is still in the page on close().
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // The press on the veil is a convenience for pointers; the keyboard has Escape and the cross.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      class={`ui-dialog ui-dialog--${shape}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="ui-dialog__box">
        <header class="ui-dialog__head">
          <h2 id={id}>{title}</h2>
          <IconButton icon={IconClose} label={closeLabel} onClick={onClose} />
        </header>
        <div class="ui-dialog__body">{children}</div>
        {actions ? <footer class="ui-dialog__actions">{actions}</footer> : null}
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  open: boolean;
  title: string;
  /** What happens, in one or two sentences. */
  children: ComponentChildren;
  /** The deed, as a verb. */
  confirmLabel: string;
  /** Staying, as a verb; also the name of the cross. */
  cancelLabel: string;
  kind?: ButtonKind;
  busy?: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before a step that is hard to undo. The focus starts on the safe answer. */
export function Confirm({
  open,
  title,
  children,
  confirmLabel,
  cancelLabel,
  kind = 'danger',
  busy = false,
  onConfirm,
  onCancel,
}: ConfirmProps) {
  return (
    <Dialog
      open={open}
      onClose={onCancel}
      title={title}
      closeLabel={cancelLabel}
      actions={
        <>
          <Button autofocus onClick={onCancel}>
            {cancelLabel}
          </Button>
          <Button kind={kind} busy={busy} onClick={onConfirm}>
            {confirmLabel}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
