/**
 * The icon set: 24-unit line drawings in the text's colour. Icons never speak: the control that
 * holds one carries the name. These are the ones of the very first pages; all others stand in
 * `icons-more.tsx`, so that they are loaded later.
 */
import type { FunctionComponent } from 'preact';

/** How an icon may be shown. */
export interface IconProps {
  /** Side length in em; 1.25 by default. */
  size?: number;
}

/** Any icon of this file. */
export type Icon = FunctionComponent<IconProps>;

/** `directional` icons are mirrored in right-to-left pages. */
export function icon(paths: readonly string[], directional = false): Icon {
  return function LineIcon({ size = 1.25 }: IconProps) {
    return (
      <svg
        class={directional ? 'ui-icon ui-icon--directional' : 'ui-icon'}
        viewBox="0 0 24 24"
        width={`${size}em`}
        height={`${size}em`}
        aria-hidden="true"
        focusable="false"
      >
        {paths.map((d) => (
          <path key={d} d={d} />
        ))}
      </svg>
    );
  };
}

/** Shared with the icons that cross it out. */
export const micBody = 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z';
/** Shared with the icons that cross it out. */
export const micStand = 'M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M8.5 21h7';
/** Shared with the icons that cross it out. */
export const cameraBody = 'M4.5 6.5h9A1.5 1.5 0 0 1 15 8v8a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.5-1.5Z';
/** Shared with the icons that cross it out. */
export const cameraLens = 'm15 10.5 6-3v9l-6-3';
/** Shared with the icons that cross it out. */
export const circle = 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z';
const handset = 'M6.2 3.5h3l1.5 4-2 1.6a12 12 0 0 0 6.2 6.2l1.6-2 4 1.5v3a2 2 0 0 1-2.2 2A17 17 0 0 1 4.2 5.7a2 2 0 0 1 2-2.2Z';

export const IconMic = /* @__PURE__ */ icon([micBody, micStand]);
export const IconCamera = /* @__PURE__ */ icon([cameraBody, cameraLens]);
export const IconDevices = /* @__PURE__ */ icon(['M4 7h9M17 7h3M4 12h3M11 12h9M4 17h7M15 17h5', 'M15 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM9 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM13 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z']);
export const IconClose = /* @__PURE__ */ icon(['m5.5 5.5 13 13m0-13-13 13']);
export const IconCheck = /* @__PURE__ */ icon(['m4.5 12.5 5 5 10-11']);
export const IconWarning = /* @__PURE__ */ icon(['M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17.2v.1']);
export const IconInfo = /* @__PURE__ */ icon([circle, 'M12 11v5.5M12 7.6v.1']);
export const IconCopy = /* @__PURE__ */ icon(['M9 8.5h9.5a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V9.5a1 1 0 0 1 1-1Z', 'M15.5 5.5v-.5a1 1 0 0 0-1-1H5.5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6']);
export const IconSound = /* @__PURE__ */ icon(['M4 9.5h3.5L12 5.5v13l-4.5-4H4Z', 'M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11']);
export const IconLock = /* @__PURE__ */ icon(['M6 10.5h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1ZM8 10.5V7.5a4 4 0 0 1 8 0v3M12 14.5v2.5']);
export const IconGlobe = /* @__PURE__ */ icon([circle, 'M3.2 12h17.6M12 3c2.8 2.7 4 5.7 4 9s-1.2 6.3-4 9c-2.8-2.7-4-5.7-4-9s1.2-6.3 4-9Z']);
export const IconTheme = /* @__PURE__ */ icon([circle, 'M12 3v18M12 6.5h4.5M12 10h6M12 13.5h6M12 17h4.5']);
export const IconPhone = /* @__PURE__ */ icon([handset]);
export const IconRefresh = /* @__PURE__ */ icon(['M20 12a8 8 0 1 1-2.5-5.8L20 8.5M20 3.5v5h-5']);
export const IconArrowUp = /* @__PURE__ */ icon(['M12 20V4.5M5.5 11 12 4.5 18.5 11']);
