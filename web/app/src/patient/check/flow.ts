/** Which page of the device check comes now. Pure: states of the items and answers in, page out. */
import type { CheckCode, CheckItem, CheckState } from '@bedside/client/check';

/** What the person has answered so far. */
export interface Answers {
  /** The browser was asked, because the person pressed the button. */
  readonly started: boolean;
  /** Pages that are behind the person: looked at, or gone on without. */
  readonly passed: readonly CheckItem[];
  /** "I see nothing", though the camera says that it works. */
  readonly unseen: boolean;
}

export const NO_ANSWERS: Answers = { started: false, passed: [], unseen: false };

/** The states of the four items. */
export type Items = Readonly<Record<CheckItem, CheckState>>;

/** A page of the check. */
export type CheckPage =
  | { readonly at: 'intro' }
  | { readonly at: 'asking' }
  /** Something does not work. `both`: camera and microphone share the cause. */
  | { readonly at: 'problem'; readonly item: CheckItem; readonly code: CheckCode; readonly both: boolean }
  | { readonly at: 'camera' }
  | { readonly at: 'microphone'; readonly heard: boolean }
  | { readonly at: 'speaker' }
  | { readonly at: 'summary' };

/** The page that comes now. */
export function checkPage(items: Items, answers: Answers): CheckPage {
  if (!answers.started) return { at: 'intro' };
  const { camera, microphone } = items;
  const passed = (item: CheckItem) => answers.passed.includes(item);

  if (!passed('camera')) {
    if (camera.state === 'asking' || camera.state === 'idle') return { at: 'asking' };
    if (camera.state === 'failed' && camera.code !== null) {
      const both = microphone.state === 'failed' && microphone.code === camera.code;
      return { at: 'problem', item: 'camera', code: camera.code, both };
    }
    if (answers.unseen) return { at: 'problem', item: 'camera', code: 'black_video', both: false };
    return { at: 'camera' };
  }
  if (!passed('microphone')) {
    if (microphone.state === 'asking') return { at: 'asking' };
    if (microphone.state === 'failed' && microphone.code !== null) {
      return { at: 'problem', item: 'microphone', code: microphone.code, both: false };
    }
    return { at: 'microphone', heard: microphone.state === 'ok' };
  }
  if (!passed('speaker')) {
    const { state, code } = items.speaker;
    if (state === 'failed' && code !== null) return { at: 'problem', item: 'speaker', code, both: false };
    return { at: 'speaker' };
  }
  return { at: 'summary' };
}

/** How one item stands in the summary. */
export type Verdict = 'running' | 'ok' | 'failed' | 'skipped';

export function verdictOf(state: CheckState): Verdict {
  if (state.state === 'ok') return 'ok';
  if (state.state === 'failed') return 'failed';
  return state.state === 'idle' ? 'skipped' : 'running';
}

/** Whether nothing stands in the way of a good visit. */
export function allWell(items: Items): boolean {
  return Object.values(items).every((state) => state.state === 'ok');
}
